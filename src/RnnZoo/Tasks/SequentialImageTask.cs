using System.Buffers.Binary;
using System.Security.Cryptography;
using RnnZoo.Files;
using static TorchSharp.torch;

namespace RnnZoo.Tasks;

/// <summary>
/// Sequential images: read an image row by row or pixel by pixel, and say at the end which of ten classes it is of. Posed by
/// Le, Jaitly and Hinton ("A Simple Way to Initialize Recurrent Networks of Rectified Linear Units", 2015) with MNIST, its
/// pixels as they lie or in one random order for all images, so that what is near lies far apart.
/// </summary>
/// <remarks>
/// With images of P pixels and T steps, T a divisor of P:
/// <code>
/// input   at step t the pixels (t - 1)·P/T + 1 … t·P/T, from 0 to 1, in rows from the top, or in the order of the permutation
/// target  the image's class, 0 to 9, wanted at the last step
/// </code>
/// So 28 steps read an image of 28 x 28 by rows, 784 by pixels. Training draws images evenly, with replacement, from the
/// training files; results are measured on all images of the test files. The loss is the cross-entropy in nats per image at the
/// last step. Accuracy is the share of the images that are classified right.
/// </remarks>
public sealed class SequentialImageTask : ISequenceTask
{
    private const int Classes = 10;
    private const float White = byte.MaxValue;

    private readonly ImageFiles _files;
    private readonly Lazy<(ImageSet Training, ImageSet Test)> _sets;
    private readonly Lazy<int[]> _order; // a described image may be of any size: no memory is taken before its files are read
    private readonly int _pixels;

    /// <summary>Poses the problem, and reads the files.</summary>
    /// <param name="folder">The folder with train-images-idx3-ubyte, train-labels-idx1-ubyte, t10k-images-idx3-ubyte and t10k-labels-idx1-ubyte, each as it is or as .gz.</param>
    /// <param name="length">T: the steps of a sequence; a divisor of the pixels of an image.</param>
    /// <param name="permutation">The seed of the order in which the pixels are read; 0 reads them as they lie.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="length"/> does not divide the pixels, or <paramref name="permutation"/> is below 0; a number is above 100,000,000.</exception>
    /// <exception cref="InvalidDataException">A file is missing, damaged or does not fit the others; the message names it.</exception>
    public SequentialImageTask(string folder, int length, int permutation = 0)
        : this(new ImageFiles(folder), length, permutation)
    {
    }

    /// <summary>Poses the problem; files that are described in full are read when the first image is wanted.</summary>
    internal SequentialImageTask(ImageFiles files, int length, int permutation)
    {
        ArgumentNullException.ThrowIfNull(files.Path, "folder");
        Length = SequenceTasks.Number(length, 1, nameof(length), "steps");
        Permutation = SequenceTasks.Number(permutation, 0, nameof(permutation), "the seed of an order, or 0 for none");
        (_files, _sets) = (files, new(Read, LazyThreadSafetyMode.PublicationOnly));
        var (rows, columns) = files is { Rows: { } high, Columns: { } wide, Sha256: not null } ? (high, wide) : (_sets.Value.Training.Shape[0], _sets.Value.Training.Shape[1]);
        Check.InRange(rows is >= 1 and <= short.MaxValue && columns is >= 1 and <= short.MaxValue, "data", "1 to 32767 rows and columns", $"{rows} x {columns}");
        _pixels = rows * columns;
        Check.InRange(_pixels % length == 0, nameof(length), $"steps that the {_pixels} pixels of an image divide into evenly, as {rows} or {_pixels}", length);
        _order = new(() => Order(_pixels, permutation));
    }

    /// <inheritdoc/>
    public int Length { get; }

    /// <summary>The seed of the order in which the pixels are read; 0 where they are read as they lie.</summary>
    public int Permutation { get; }

    /// <summary>The folder with the files.</summary>
    public string Data => _files.Path;

    /// <inheritdoc/>
    public string Name => "images";

    /// <inheritdoc/>
    public IReadOnlyDictionary<string, long> Settings => new Dictionary<string, long> { ["length"] = Length, ["permutation"] = Permutation };

    /// <inheritdoc/>
    public long InputSize => _pixels / Length;

    /// <inheritdoc/>
    public long OutputSize => Classes;

    /// <summary>The loss of guessing among ten classes that are equally likely: ln 10. The last pixels alone tell a little more than that.</summary>
    public double Baseline { get; } = Math.Log(Classes);

    /// <inheritdoc/>
    public string LossUnit => "nats per image";

    /// <summary>Accuracy: the share of the images classified right. A guess has 1/10.</summary>
    public TaskMetric Metric { get; } = TaskMetric.Share("accuracy", 1.0 / Classes);

    /// <summary>How many images the test files hold.</summary>
    public long TestSequences => _sets.Value.Test.Labels.Length;

    /// <summary>The SHA-256 of what the four files hold, packed or not.</summary>
    internal string Sha256 => _files.Sha256 ?? HashOf(_sets.Value.Training, _sets.Value.Test);

    /// <summary>The files in full.</summary>
    internal ImageFiles Files => _files with { Rows = _files.Rows ?? _sets.Value.Training.Shape[0], Columns = _files.Columns ?? _sets.Value.Training.Shape[1], Sha256 = Sha256 };

    /// <summary>How to get them, as the end of a message.</summary>
    internal string HowToGet => _files.Source is null ? "" : $" To get them: {_files.Source}";

    /// <summary>The same problem with the same images from another folder.</summary>
    internal SequentialImageTask From(string folder) => new(Files with { Path = folder }, Length, Permutation);

    /// <inheritdoc/>
    /// <returns>Input: [T, B, P/T], float32; target: [B], classes, int64. The caller disposes it.</returns>
    public SequenceBatch Sample(long batchSize, Generator generator)
    {
        Check.InRange(batchSize >= 1, nameof(batchSize), "at least 1 (sequences)", batchSize);
        using var drawn = randint(0, _sets.Value.Training.Labels.Length, [batchSize], dtype: ScalarType.Int64, generator: generator); // [B]
        return Batch(_sets.Value.Training, drawn.data<long>().ToArray());
    }

    /// <inheritdoc/>
    /// <returns>As <see cref="Sample"/> gives it, in the order of the files.</returns>
    public SequenceBatch Test(long start, long count)
    {
        Check.Between(start, nameof(start), 0, TestSequences - 1);
        Check.Between(count, nameof(count), 1, TestSequences - start);
        return Batch(_sets.Value.Test, [.. Enumerable.Range(0, (int)count).Select(index => start + index)]);
    }

    /// <inheritdoc path="/*[not(self::param or self::returns)]"/>
    /// <param name="output">[T, B, 10]: unnormalised log-probabilities, of which those of the last step are the answers.</param>
    /// <param name="target">[B]: the classes wanted.</param>
    /// <returns>[]: nats per image, the mean over B.</returns>
    public Tensor Loss(Tensor output, Tensor target) => TaskOutput.LastStepCrossEntropy(output, target, Length, Classes);

    /// <inheritdoc path="/*[not(self::param)]"/>
    /// <param name="output">[T, B, 10]: unnormalised log-probabilities, of which those of the last step are the answers.</param>
    /// <param name="target">[B]: the classes wanted.</param>
    public TaskScore Score(Tensor output, Tensor target) => TaskOutput.LastStepScore(this, output, target);

    private (ImageSet Training, ImageSet Test) Read()
    {
        try
        {
            var (training, test) = (ImageSet.Read(Data, "train", Classes), ImageSet.Read(Data, "t10k", Classes));
            if (!training.Shape.SequenceEqual(test.Shape))
            {
                throw new InvalidDataException($"{Data}: expected test images of {string.Join(" x ", training.Shape)} pixels as the training images, got {string.Join(" x ", test.Shape)}.");
            }

            return _files.Sha256 is { } wanted && HashOf(training, test) is var sha256 && sha256 != wanted
                ? throw new InvalidDataException($"{Data}: expected the recipe's images with the SHA-256 {wanted}, got {sha256}.")
                : _files.Rows is { } rows && _files.Columns is { } columns && !training.Shape.SequenceEqual([rows, columns])
                ? throw new InvalidDataException($"{Data}: expected images of {rows} x {columns} pixels, got {string.Join(" x ", training.Shape)}.")
                : (training, test);
        }
        catch (InvalidDataException problem) when (_files.Source is not null)
        {
            throw new InvalidDataException(problem.Message + HowToGet, problem);
        }
    }

    private static string HashOf(params ImageSet[] sets)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (var set in sets)
        {
            set.AppendTo(hash);
        }

        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    // By Fisher and Yates, from the library's own generator: the same seed gives the same order on every machine.
    private static int[] Order(int pixels, int seed)
    {
        int[] order = [.. Enumerable.Range(0, pixels)];
        var random = new SplitMix64((ulong)Seeds.Derive(seed, "permutation"));
        for (var last = pixels - 1; seed != 0 && last > 0; last--)
        {
            var other = (int)(random.NextDouble() * (last + 1));
            (order[last], order[other]) = (order[other], order[last]);
        }

        return order;
    }

    private SequenceBatch Batch(ImageSet images, long[] chosen)
    {
        var (batch, perStep, pixels) = (chosen.Length, (int)InputSize, images.Pixels);
        var (input, order) = (new float[(long)batch * pixels], _order.Value);
        for (var b = 0; b < batch; b++)
        {
            var image = images.Images.AsSpan((int)chosen[b] * pixels, pixels);
            for (var pixel = 0; pixel < pixels; pixel++)
            {
                var (step, place) = Math.DivRem(pixel, perStep);
                input[(((long)step * batch) + b) * perStep + place] = image[order[pixel]] / White;
            }
        }

        return new SequenceBatch(
            tensor(input, [Length, batch, perStep]), // [T, B, P/T]
            tensor(Array.ConvertAll(chosen, index => (long)images.Labels[index]))); // [B]
    }

    /// <summary>Images with their labels, as two files hold them.</summary>
    /// <param name="Shape">Rows and columns of an image.</param>
    /// <param name="Images">The pixels, one image after the other.</param>
    /// <param name="Labels">The classes.</param>
    private sealed record ImageSet(int[] Shape, byte[] Images, byte[] Labels)
    {
        public int Pixels => Shape[0] * Shape[1];

        public static ImageSet Read(string folder, string part, int classes)
        {
            var (shape, images) = IdxFile.Read(folder, $"{part}-images-idx3-ubyte", 3);
            var (count, labels) = IdxFile.Read(folder, $"{part}-labels-idx1-ubyte", 1);
            if (count[0] != shape[0])
            {
                throw new InvalidDataException($"{Path.Combine(folder, part)}-labels-idx1-ubyte: expected {shape[0]} labels, one for each image beside, got {count[0]}.");
            }

            var wrong = Array.FindIndex(labels, label => label >= classes);
            return wrong < 0
                ? new ImageSet(shape[1..], images, labels)
                : throw new InvalidDataException($"{Path.Combine(folder, part)}-labels-idx1-ubyte: expected labels from 0 to {classes - 1}, got {labels[wrong]} for image {wrong}.");
        }

        public void AppendTo(IncrementalHash hash)
        {
            foreach (var size in Shape)
            {
                var bytes = new byte[4];
                BinaryPrimitives.WriteInt32LittleEndian(bytes, size);
                hash.AppendData(bytes);
            }

            hash.AppendData(Images);
            hash.AppendData(Labels);
        }
    }
}

/// <summary>The files of a <see cref="SequentialImageTask"/>. Described in full they need not be there until an image is wanted, so that a model loads without.</summary>
/// <param name="Path">Their folder.</param>
/// <param name="Rows">Of an image; read from the files where it is left out, as the others are.</param>
/// <param name="Columns">Of an image.</param>
/// <param name="Sha256">Of what the four files hold, packed or not.</param>
/// <param name="Source">How to get them, in words.</param>
internal sealed record ImageFiles(string Path, int? Rows = null, int? Columns = null, string? Sha256 = null, string? Source = null);
