using System.Runtime.InteropServices;
using System.Text;
using RnnZoo.Cli;

NativeRuntime.Tune(); // before anything loads libtorch
Console.OutputEncoding = new UTF8Encoding(encoderShouldEmitUTF8Identifier: false);
using var cancellation = new CancellationTokenSource();
using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, EndCleanly);
using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, EndCleanly);
using var hangUp = PosixSignalRegistration.Create(PosixSignal.SIGHUP, EndCleanly); // the terminal was closed

var host = new CliHost(StandardWriter.Output(), StandardWriter.Error())
{
    OutputIsTerminal = !Console.IsOutputRedirected,
    OutputHasColours = !Console.IsOutputRedirected && string.IsNullOrEmpty(Environment.GetEnvironmentVariable("NO_COLOR")) && Environment.GetEnvironmentVariable("TERM") != "dumb",
    ErrorIsTerminal = !Console.IsErrorRedirected,
    Width = Console.IsOutputRedirected && Console.IsErrorRedirected ? 100 : Math.Clamp(Console.WindowWidth, 60, 160),
};
return await CliApplication.RunAsync(args, host, cancellation.Token);

// The first signal asks the run to end; a second one ends the process at once, as if nobody listened.
void EndCleanly(PosixSignalContext context)
{
    context.Cancel = !cancellation.IsCancellationRequested;
    cancellation.Cancel();
}
