using RnnZoo.Cells;

namespace RnnZoo.Modules;

/// <summary>The one list of the nets that <see cref="SequenceModel.Create"/> makes by name, in the order in which they are shown.</summary>
internal static class NamedNets
{
    private static readonly (string Name, Func<NetArguments, IRecurrentModule> Make)[] Nets =
    [
        ("vanilla", of => new VanillaRnn(of.InputSize, of.HiddenSize, of.NumLayers, of.Activation ?? Activation.Tanh, dropout: of.Dropout, bidirectional: of.Bidirectional, device: of.Device, dtype: of.DType)),
        ("lstm", of => new Lstm(of.InputSize, of.HiddenSize, of.NumLayers, dropout: of.Dropout, bidirectional: of.Bidirectional, device: of.Device, dtype: of.DType)),
        ("gru", of => new Gru(of.InputSize, of.HiddenSize, of.NumLayers, dropout: of.Dropout, bidirectional: of.Bidirectional, device: of.Device, dtype: of.DType)),
        ("layernorm-lstm", of => new LayerNormLstm(of.InputSize, of.HiddenSize, of.NumLayers, dropout: of.Dropout, bidirectional: of.Bidirectional, device: of.Device, dtype: of.DType)),
        ("mingru", of => new MinGru(of.InputSize, of.HiddenSize, of.NumLayers, dropout: of.Dropout, bidirectional: of.Bidirectional, device: of.Device, dtype: of.DType)),
        ("orthogonal", of => new OrthogonalRnn(of.InputSize, of.HiddenSize, of.NumLayers, dropout: of.Dropout, bidirectional: of.Bidirectional, device: of.Device, dtype: of.DType)),
        ("irnn", of => VanillaRnn.Irnn(of.InputSize, of.HiddenSize, of.NumLayers, dropout: of.Dropout, bidirectional: of.Bidirectional, device: of.Device, dtype: of.DType)),
        ("indrnn", of => new IndRnn(of.InputSize, of.HiddenSize, of.NumLayers, dropout: of.Dropout, bidirectional: of.Bidirectional, device: of.Device, dtype: of.DType)),
    ];

    public static IReadOnlyList<string> Names { get; } = [.. Nets.Select(net => net.Name)];

    public static IRecurrentModule Make(string name, NetArguments arguments) =>
        Nets.FirstOrDefault(net => net.Name == name).Make?.Invoke(arguments)
        ?? throw new ArgumentException($"cellName: expected one of {string.Join(", ", Names)}, got '{name}'.");
}
