using RnnZoo.Cli.Options;
using RnnZoo.Files;
using TorchSharp;
using static TorchSharp.torch;

namespace RnnZoo.Cli.Commands;

/// <summary>Reads safetensors, or a state dict that TorchSharp's <c>module.save</c> wrote, and makes the recurrent net that is in it.</summary>
internal static class WeightsFile
{
    private const long MostEntries = 10_000;
    private static readonly (string Cell, long Gates)[] Cells = [("vanilla", 1), ("gru", 3), ("lstm", 4)];

    /// <summary>The recurrent net of a file; what else the file holds, as a readout, is left aside.</summary>
    /// <param name="path">The file, or a folder that holds exactly one *.dat.</param>
    /// <exception cref="InvalidDataException">The file is none, or holds no recurrent net.</exception>
    public static LyapunovNet Read(string path)
    {
        using var scope = NewDisposeScope();
        var entries = Entries(Locate(path), path);
        var anchor = entries.Keys.FirstOrDefault(key => key.EndsWith("weight_hh_l0", StringComparison.Ordinal))
            ?? throw new InvalidDataException($"{path}: expected a recurrent net with a parameter weight_hh_l0, found {string.Join(", ", entries.Keys.Take(8))}.");
        var prefix = anchor[..^"weight_hh_l0".Length];
        var own = entries.Where(entry => entry.Key.StartsWith(prefix + "weight_", StringComparison.Ordinal) || entry.Key.StartsWith(prefix + "bias_", StringComparison.Ordinal))
            .Where(entry => entry.Key.Contains("_l", StringComparison.Ordinal))
            .ToDictionary(entry => entry.Key[prefix.Length..], entry => entry.Value.to(ScalarType.Float64));
        if (!own.TryGetValue("weight_ih_l0", out var input) || own["weight_hh_l0"].Dimensions != 2 || input.Dimensions != 2)
        {
            throw new InvalidDataException($"{path}: expected matrices weight_ih_l0 and weight_hh_l0, found {string.Join(", ", own.Keys)}.");
        }

        var shape = own["weight_hh_l0"].shape; // [G·H, H]
        var cell = Cells.FirstOrDefault(cell => cell.Gates * shape[1] == shape[0]).Cell
            ?? throw new InvalidDataException($"{path}: weight_hh_l0: expected [H, H], [3H, H] or [4H, H], got [{string.Join(", ", shape)}].");
        var layers = own.Keys.Count(key => key.StartsWith("weight_hh_l", StringComparison.Ordinal) && !key.EndsWith("_reverse", StringComparison.Ordinal));
        var net = Nets.Make(cell, input.shape[1], shape[1], layers, own.ContainsKey("weight_hh_l0_reverse"), own.ContainsKey("bias_ih_l0"), dtype: ScalarType.Float64);
        try
        {
            ((nn.Module)net).load_state_dict(own);
        }
        catch (Exception problem) when (problem is ArgumentException or InvalidOperationException)
        {
            ((nn.Module)net).Dispose();
            throw new InvalidDataException($"{path}: expected the parameters of one recurrent net: {problem.Message}", problem);
        }

        return new LyapunovNet(net, cell);
    }

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
    }
}
