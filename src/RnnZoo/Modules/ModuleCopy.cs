using TorchSharp;
using static TorchSharp.torch;

namespace RnnZoo.Modules;

/// <summary>Independent copies of modules.</summary>
internal static class ModuleCopy
{
    /// <summary>Makes a module anew and copies parameters, buffers, what requires a gradient, and training mode.</summary>
    /// <param name="original">The module to copy.</param>
    /// <param name="make">Makes an untrained one of the same kind; what it draws leaves torch's generator as it was.</param>
    /// <exception cref="InvalidOperationException">What was made has other parameters or buffers, or the original's own.</exception>
    public static T Of<T>(T original, Func<T> make) where T : nn.Module
    {
        var copy = Undrawn(make);
        var sources = Tensors(original);
        if (Tensors(copy).Any(made => sources.Any(source => ReferenceEquals(source.Tensor, made.Tensor))))
        {
            throw new InvalidOperationException($"Clone: expected new cells with parameters of their own, got some of {original.GetName()} itself; make them inside the factory.");
        }

        try
        {
            Fill(copy, original, sources);
        }
        catch
        {
            copy.Dispose();
            throw;
        }

        return copy;
    }

    private static T Undrawn<T>(Func<T> make)
    {
        using var random = get_rng_state();
        try
        {
            return make();
        }
        finally
        {
            set_rng_state(random);
        }
    }

    private static void Fill(nn.Module copy, nn.Module original, (string Key, Tensor Tensor)[] sources)
    {
        using var scope = NewDisposeScope();
        using var noTape = no_grad();
        if (sources.Select(source => source.Tensor).FirstOrDefault(tensor => tensor.is_floating_point()) is { } like)
        {
            copy.to(like.device, like.dtype);
        }

        var targets = Tensors(copy);
        string[] expected = [.. sources.Select(Show)], got = [.. targets.Select(Show)];
        if (!expected.SequenceEqual(got))
        {
            throw new InvalidOperationException($"Clone: expected a net with {Check.Some([.. expected.Except(got)])}, got one with {Check.Some([.. got.Except(expected)])}; the factory has to make the same cells whenever it is called.");
        }

        foreach (var ((_, source), (_, target)) in sources.Zip(targets))
        {
            target.copy_(source);
            target.requires_grad = source.requires_grad;
        }

        foreach (var (source, target) in original.modules().Prepend(original).Zip(copy.modules().Prepend(copy)))
        {
            target.train(source.training); // a parent's mode comes before those of its children
        }
    }

    private static (string Key, Tensor Tensor)[] Tensors(nn.Module module) =>
        [.. module.named_parameters().Select(item => (item.Item1, (Tensor)item.Item2)).Concat(module.named_buffers()).OrderBy(item => item.Item1, StringComparer.Ordinal)];

    private static string Show((string Key, Tensor Tensor) item) => $"{item.Key} {Check.Show(item.Tensor.shape)} {item.Tensor.dtype}";
}
