using System.Diagnostics;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace RnnZoo.Cli.Bench;

/// <summary>PyTorch's own modules, timed in a Python process that waits for requests.</summary>
internal sealed class PyTorchWorker : IDisposable
{
    private static readonly string[] Interpreters = OperatingSystem.IsWindows() ? ["python"] : ["/usr/bin/python3", "python3"];
    private readonly Process _process;

    private PyTorchWorker(string interpreter, string version) =>
        (Interpreter, Version, _process) = (interpreter, version, SelfProcess.Start(interpreter, ["-u", "-c", Script()]));

    /// <summary>The Python that has PyTorch.</summary>
    public string Interpreter { get; }

    /// <summary>PyTorch's version.</summary>
    public string Version { get; }

    /// <summary>Starts it where a Python with PyTorch is installed.</summary>
    /// <returns>Null where none is.</returns>
    public static async Task<PyTorchWorker?> StartAsync(CancellationToken cancellation)
    {
        foreach (var interpreter in Interpreters)
        {
            try
            {
                var version = await SelfProcess.RunAsync(interpreter, ["-c", "import torch; print(torch.__version__)"], null, cancellation);
                return new PyTorchWorker(interpreter, version.Trim());
            }
            catch (Exception missing) when (missing is System.ComponentModel.Win32Exception or InvalidOperationException)
            {
                continue; // no such program, or one without PyTorch
            }
        }

        return null;
    }

    /// <summary>Takes steps.</summary>
    /// <returns>The milliseconds of each.</returns>
    public double[] Steps(BenchGroup group, int count)
    {
        var request = Request(group);
        request["steps"] = count;
        _process.StandardInput.WriteLine(request.ToJsonString());
        _process.StandardInput.Flush();
        var answer = _process.StandardOutput.ReadLine()
            ?? throw new InvalidOperationException($"pytorch: {Interpreter} ended: {_process.StandardError.ReadToEnd().TrimEnd().Split('\n')[^1]}");
        return JsonSerializer.Deserialize<double[]>(JsonNode.Parse(answer)!["milliseconds"])!;
    }

    /// <summary>Measures the memory of one step in a process of its own.</summary>
    /// <returns>Bytes.</returns>
    public async Task<long> ExtraBytesAsync(BenchGroup group, CancellationToken cancellation)
    {
        var request = Request(group);
        request["memory"] = true;
        var answer = await SelfProcess.RunAsync(Interpreter, ["-c", Script()], request.ToJsonString() + "\n", cancellation);
        return (long)JsonNode.Parse(answer)!["extraBytes"]!;
    }

    public void Dispose()
    {
        _process.Kill();
        _process.Dispose();
    }

    private static JsonObject Request(BenchGroup group) => new()
    {
        ["cell"] = group.Cell,
        ["B"] = group.Size.Batch,
        ["T"] = group.Size.Steps,
        ["I"] = group.Size.Input,
        ["H"] = group.Size.Hidden,
        ["threads"] = group.Threads,
    };

    private static string Script()
    {
        using var stream = typeof(PyTorchWorker).Assembly.GetManifestResourceStream("pytorch_step.py")!;
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd();
    }
}
