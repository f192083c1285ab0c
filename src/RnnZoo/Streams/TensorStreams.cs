using static TorchSharp.torch;

namespace RnnZoo.Streams;

/// <summary>Sequences that are in memory as tensors, such as sensor readings or ready-made batches. Chunks are views of them.</summary>
public sealed class TensorStreams : StreamSource
{
    private readonly Tensor _input;
    private readonly Tensor _target;
    private readonly DocumentStart[] _documents;

    /// <summary>Takes ready-made sequences.</summary>
    /// <param name="input">[T, B, …]; it stays the caller's, and must outlive this object.</param>
    /// <param name="target">[T, B, …], with the same T and B; it stays the caller's as well.</param>
    /// <param name="documentStarts">Bool [T, B]: true where a document starts; null for none but step 0.</param>
    /// <exception cref="ArgumentException">A shape or element type does not fit; the message names it.</exception>
    public TensorStreams(Tensor input, Tensor target, Tensor? documentStarts = null)
    {
        ArgumentNullException.ThrowIfNull(input);
        ArgumentNullException.ThrowIfNull(target);
        var shape = input.shape;
        if (shape.Length < 2 || shape[0] == 0 || shape[1] == 0)
        {
            throw new ArgumentException($"input: expected [T, B, …] with T and B above 0, got {Check.Show(shape)}.");
        }

        CheckLead(target, nameof(target), shape, exact: false);
        (_input, _target, Steps, Streams) = (input, target, shape[0], shape[1]);
        _documents = [];
        if (documentStarts is not null)
        {
            CheckLead(documentStarts, nameof(documentStarts), shape, exact: true);
            _documents = Starts(documentStarts);
        }
    }

    /// <summary>Cuts one series of numbers into B contiguous streams; the target of each step is the next number.</summary>
    /// <param name="series">[N], or [N, F] for F numbers a step.</param>
    /// <param name="streams">B.</param>
    /// <returns>Streams of T = ⌊(N - 1) / B⌋ steps [T, B, F]. Their tensors belong to the innermost dispose scope, and may share the series' memory.</returns>
    /// <exception cref="ArgumentException">The series has another shape, or fewer than B + 1 steps.</exception>
    public static TensorStreams FromSeries(Tensor series, int streams)
    {
        ArgumentNullException.ThrowIfNull(series);
        var shape = series.shape;
        if (shape.Length is not (1 or 2))
        {
            throw new ArgumentException($"series: expected [N] or [N, F], got {Check.Show(shape)}.");
        }

        if (streams < 1 || shape[0] - 1 < streams)
        {
            throw new ArgumentException($"streams: expected from 1 to {Math.Max(shape[0] - 1, 0)}, one for each step of the series that has a next one, got {streams}.");
        }

        using var scope = NewDisposeScope();
        var steps = (shape[0] - 1) / streams;
        var features = shape.Length == 2 ? shape[1] : 1;
        return new TensorStreams(Cut(0), Cut(1));

        Tensor Cut(long first) => series.narrow(0, first, steps * streams).reshape(streams, steps, features)
            .transpose(0, 1).contiguous().MoveToOuterDisposeScope(); // [T, B, F]
    }

    /// <inheritdoc/>
    public override long Streams { get; }

    /// <inheritdoc/>
    public override long Steps { get; }

    /// <inheritdoc/>
    /// <exception cref="ArgumentOutOfRangeException">The steps are not within T.</exception>
    public override StreamSlice Read(long start, long count)
    {
        CheckRange(start, count);
        return new StreamSlice(_input.narrow(0, start, count), _target.narrow(0, start, count)); // [k, B, …]
    }

    /// <inheritdoc/>
    public override void FindDocumentStarts(long start, long count, List<DocumentStart> found)
    {
        ArgumentNullException.ThrowIfNull(found);
        var first = Array.BinarySearch(_documents, new DocumentStart(start, -1), ByStep);
        for (var index = first < 0 ? ~first : first; index < _documents.Length && _documents[index].Step < start + count; index++)
        {
            found.Add(_documents[index]);
        }
    }

    private static readonly Comparer<DocumentStart> ByStep = Comparer<DocumentStart>.Create((left, right) =>
        left.Step != right.Step ? left.Step.CompareTo(right.Step) : left.Stream.CompareTo(right.Stream));

    private static DocumentStart[] Starts(Tensor documentStarts)
    {
        using var scope = NewDisposeScope();
        var streams = documentStarts.shape[1];
        var flags = documentStarts.cpu().contiguous().data<bool>().ToArray(); // T·B
        return [.. Enumerable.Range(0, flags.Length).Where(place => flags[place]).Select(place => new DocumentStart(place / streams, (int)(place % streams)))];
    }

    private static void CheckLead(Tensor value, string name, long[] input, bool exact)
    {
        var shape = value.shape;
        var fits = (exact ? shape.Length == 2 : shape.Length >= 2) && shape.AsSpan(0, Math.Min(2, shape.Length)).SequenceEqual(input.AsSpan(0, 2));
        if (!fits)
        {
            throw new ArgumentException($"{name}: expected [T, B{(exact ? "" : ", …")}] with T = {input[0]} and B = {input[1]} as the input's, got {Check.Show(shape)}.");
        }

        if (exact && value.dtype != ScalarType.Bool)
        {
            throw new ArgumentException($"{name}: expected dtype Bool, got {value.dtype}.");
        }
    }
}
