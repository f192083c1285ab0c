#:project ../src/RnnZoo/RnnZoo.csproj

// Shows every SVG file of the repository by two programs that draw them apart, Chromium and librsvg, and fails where what
// they draw differs by more than a few per cent of the pixels, or is blank. Needs `chromium` and `rsvg-convert`:
//     dotnet run docs/check-pictures.cs [FILE.svg …]
using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;
using SkiaSharp;

const double MostDifferent = 0.03; // of all pixels: letters are smoothed differently
const double LeastDrawn = 0.005;
const int Visible = 64; // of 255, in one colour

string[] files = args.Length > 0 ? args : [.. new[] { "docs", "models" }.SelectMany(folder => Directory.GetFiles(folder, "*.svg", SearchOption.AllDirectories)).Order()];
var folder = Directory.CreateTempSubdirectory("pictures");
var failures = 0;
foreach (var file in files)
{
    var size = Regex.Match(File.ReadAllText(file), """viewBox="0 0 ([\d.]+) ([\d.]+)" """.TrimEnd());
    var (width, height) = (Pixels(size.Groups[1]), Pixels(size.Groups[2]));
    var (browser, library) = (Path.Combine(folder.FullName, "chromium.png"), Path.Combine(folder.FullName, "librsvg.png"));
    Run("chromium", "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--force-device-scale-factor=1", $"--window-size={width},{height}", $"--screenshot={browser}", new Uri(Path.GetFullPath(file)).AbsoluteUri);
    Run("rsvg-convert", "--width", $"{width}", "--height", $"{height}", "--background-color", "white", "--output", library, file);
    using var one = SKBitmap.Decode(browser);
    using var other = SKBitmap.Decode(library);
    if ((one.Width, one.Height) != (other.Width, other.Height))
    {
        throw new InvalidDataException($"{file}: expected {other.Width} x {other.Height} pixels of Chromium, got {one.Width} x {one.Height}.");
    }

    var (left, right) = (one.Pixels, other.Pixels);
    var different = left.Zip(right).Count(pair => Differ(pair.First, pair.Second)) / (double)left.Length;
    var drawn = new[] { left, right }.Min(pixels => pixels.Count(pixel => Differ(pixel, pixels[0])) / (double)pixels.Length);
    var fails = different > MostDifferent || drawn < LeastDrawn;
    failures += fails ? 1 : 0;
    Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{(fails ? "FAILS" : "ok   ")} {file}: {different:0.0%} of the pixels differ, {drawn:0.0%} are drawn on"));
}

folder.Delete(recursive: true);
Console.WriteLine($"{files.Length} pictures, {failures} failed");
return failures == 0 && files.Length > 0 ? 0 : 1;

static int Pixels(Group number) => (int)Math.Ceiling(double.Parse(number.Value, CultureInfo.InvariantCulture));

static bool Differ(SKColor one, SKColor other) => Math.Abs(one.Red - other.Red) > Visible || Math.Abs(one.Green - other.Green) > Visible || Math.Abs(one.Blue - other.Blue) > Visible;

static void Run(string program, params string[] arguments)
{
    using var process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardError = true })!;
    var complaints = process.StandardError.ReadToEnd();
    process.WaitForExit();
    if (process.ExitCode != 0)
    {
        throw new InvalidOperationException($"{program}: expected exit code 0, got {process.ExitCode}: {complaints}");
    }
}
