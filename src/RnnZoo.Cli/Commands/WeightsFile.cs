using System.Runtime.InteropServices;
using System.Text.RegularExpressions;
using RnnZoo.Files;
using RnnZoo.Modules;
using TorchSharp;
using static TorchSharp.torch;

namespace RnnZoo.Cli.Commands;

/// <summary>Reads safetensors, or a state dict that TorchSharp's <c>module.save</c> wrote, and makes the recurrent net that is in it.</summary>
internal static partial class WeightsFile
{
    private const long MostEntries = 10_000;
    private const string Anchor = "weight_ih_l0"; // every net has it

    // Sizes of a small net that tell apart in a shape: every multiple of the second is so many H, for no first is one.
    private const long SmallInput = 5;
    private const long SmallHidden = 7;

    /// <summary>The recurrent net of a file: the first of the registry that has its parameters. What else the file holds, as a readout, is left aside.</summary>
    /// <param name="path">The file, or a folder that holds exactly one *.dat.</param>
    /// <exception cref="InvalidDataException">The file is none, or holds no recurrent net.</exception>
    public static LyapunovNet Read(string path)
    {
        using var scope = NewDisposeScope();
        var entries = Entries(Locate(path), path);
        var anchor = entries.Keys.FirstOrDefault(key => key.EndsWith(Anchor, StringComparison.Ordinal))
            ?? throw new InvalidDataException($"{path}: expected a recurrent net with a parameter {Anchor}, found {string.Join(", ", entries.Keys.Take(8))}.");
        var prefix = anchor[..^Anchor.Length];
        var own = entries.Where(entry => entry.Key.StartsWith(prefix, StringComparison.Ordinal) && OfALayer().IsMatch(entry.Key))
            .ToDictionary(entry => entry.Key[prefix.Length..], entry => entry.Value.to(ScalarType.Float64));
        foreach (var known in RecurrentNets.All)
        {
            if (OptionsOf(known, own) is { } options)
            {
                var net = known.Make(options);
                ((nn.Module)net).load_state_dict(own);
                return new LyapunovNet(net, known.Name);
            }
        }

        throw new InvalidDataException($"{path}: expected the parameters of one of {string.Join(", ", RecurrentNets.Names)}, found {string.Join(", ", own.Select(entry => $"{entry.Key} [{string.Join(", ", entry.Value.shape)}]"))}.");
    }

    /// <summary>What makes a net with the names and shapes of these parameters; null if it has others.</summary>
    private static NetOptions? OptionsOf(RecurrentNet known, Dictionary<string, Tensor> own)
    {
        var options = new NetOptions(SmallInput, SmallHidden, own.Keys.Select(key => OfALayer().Match(key).Groups["layer"].Value).Distinct().Count())
        {
            Bidirectional = own.Keys.Any(key => key.EndsWith("_reverse", StringComparison.Ordinal)),
            Bias = !known.HasBias || own.Keys.Any(key => key.StartsWith("bias", StringComparison.Ordinal)),
            DType = ScalarType.Float64,
        };
        using var small = (nn.Module)known.Make(options);
        var shapes = small.named_parameters().ToDictionary(pair => pair.name, pair => pair.parameter.shape);
        var anchor = own[Anchor].shape; // [G·H, I]
        if (!shapes.Keys.ToHashSet().SetEquals(own.Keys) || anchor.Length != 2)
        {
            return null;
        }

        var (inputs, hidden) = (anchor[1], anchor[0] * SmallHidden / shapes[Anchor][0]);
        return inputs > 0 && hidden > 0 && shapes.All(pair => pair.Value.Select(size => size == SmallInput ? inputs : size % SmallHidden == 0 ? size / SmallHidden * hidden : size).SequenceEqual(own[pair.Key].shape))
            ? options with { InputSize = inputs, HiddenSize = hidden }
            : null;
    }

    [GeneratedRegex(@"_l(?<layer>\d+)(_reverse)?$")]
    private static partial Regex OfALayer();

    private static string Locate(string path)
    {
        if (!Directory.Exists(path))
        {
            return File.Exists(path) ? path : throw new InvalidDataException($"{path}: expected a file or folder of weights, found none.");
        }

        var files = Directory.GetFiles(path, "*.dat").Order(StringComparer.Ordinal).ToArray();
        return files.Length == 1
            ? files[0]
            : throw new InvalidDataException($"{path}: expected one file of weights (*.dat), found {(files.Length == 0 ? "none" : string.Join(", ", files.Select(Path.GetFileName)) + "; name one of them")}.");
    }

    private static Dictionary<string, Tensor> Entries(string file, string path)
    {
        if (file.EndsWith(".safetensors", StringComparison.OrdinalIgnoreCase))
        {
            using var opened = SafeTensorsFile.Open(file);
            return opened.Entries.ToDictionary(entry => entry.Name, entry => opened.Read(entry.Name));
        }

        try
        {
            using var reader = new BinaryReader(File.OpenRead(file));
            var count = reader.Read7BitEncodedInt64();
            if (count is < 1 or > MostEntries)
            {
                throw new FormatException($"a count of {count} entries.");
            }

            var entries = new Dictionary<string, Tensor>();
            for (var index = 0L; index < count; index++)
            {
                entries[reader.ReadString()] = TensorExtensionMethods.Load(reader);
            }

            return entries;
        }
        catch (Exception problem) when (problem is EndOfStreamException or FormatException or ArgumentException or NotSupportedException or OverflowException or InvalidDataException)
        {
            throw new InvalidDataException($"{path}: expected a state dict of TorchSharp's format: {problem.Message}", problem);
        }
        catch (ExternalException problem) // what libtorch says of an element type or a size that is none, with its call stack
        {
            throw new InvalidDataException($"{path}: expected a state dict of TorchSharp's format, got a file that holds something else, or is damaged.", problem);
        }
    }
}
