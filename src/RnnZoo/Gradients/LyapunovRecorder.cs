namespace RnnZoo.Gradients;

/// <summary>Turns m directions with each Jacobian, and adds up the logarithms of how much each is stretched.</summary>
internal sealed class LyapunovRecorder
{
    private readonly int _size;
    private readonly int _count;
    private readonly int _warmUp;
    private readonly long _steps;
    private readonly long _interval;
    private readonly double[] _sums;
    private readonly double[] _lost; // what the sums' rounding lost (W. Kahan, 1965)
    private readonly Float64[] _triangle;
    private readonly Random _random;
    private readonly List<LyapunovPoint> _history = [];
    private Float64[] _columns;
    private Float64[] _next;
    private int _alive;

    public LyapunovRecorder(int size, int count, long steps, LyapunovOptions options)
    {
        (_size, _count, _steps, _warmUp, _alive) = (size, count, steps, options.WarmUp, size);
        _interval = Math.Max(1, (steps - _warmUp + options.HistoryPoints - 1) / options.HistoryPoints);
        (_sums, _lost) = (new double[count], new double[count]);
        (_columns, _next, _triangle) = (new Float64[size * count], new Float64[size * count], new Float64[count * count]);
        _random = new Random(options.Seed);
        Orthogonal<Float64>.Fill(_columns, _random);
        Orthogonal<Float64>.Factor(_columns, size, count, _triangle, _random);
    }

    public IReadOnlyList<LyapunovPoint> History => _history;

    /// <summary>One step.</summary>
    /// <param name="jacobian">J_t [S, S], row-major.</param>
    /// <param name="step">t, from 1.</param>
    /// <exception cref="ArithmeticException">A number is not finite.</exception>
    public void Step(ReadOnlySpan<double> jacobian, long step)
    {
        var bound = RankBound(jacobian, step);
        for (var column = 0; column < _count; column++)
        {
            var source = _columns.AsSpan(column * _size, _size);
            for (var row = 0; row < _size; row++)
            {
                _next[(column * _size) + row] = Float64.Dot(jacobian.Slice(row * _size, _size), source);
            }
        }

        (_columns, _next) = (_next, _columns);
        Orthogonal<Float64>.Factor(_columns, _size, _count, _triangle, _random);
        if (step <= _warmUp)
        {
            return;
        }

        _alive = Math.Min(_alive, bound);
        for (var index = 0; index < _count; index++)
        {
            Add(index, Math.Log(_triangle[(index * _count) + index].Value));
        }

        var measured = step - _warmUp;
        if (measured % _interval == 0 || step == _steps)
        {
            _history.Add(new LyapunovPoint(measured, [.. _sums.Select((sum, index) => index < _alive ? sum / measured : double.NegativeInfinity)]));
        }
    }

    private void Add(int index, double value)
    {
        if (double.IsInfinity(value) || double.IsInfinity(_sums[index]))
        {
            _sums[index] = double.NegativeInfinity;
            return;
        }

        var corrected = value - _lost[index];
        var sum = _sums[index] + corrected;
        _lost[index] = (sum - _sums[index]) - corrected;
        _sums[index] = sum;
    }

    /// <summary>The number of rows, or of columns if fewer, that are not zero: no more directions come through.</summary>
    private int RankBound(ReadOnlySpan<double> jacobian, long step)
    {
        var (rows, columns) = (0, new bool[_size]);
        for (var row = 0; row < _size; row++)
        {
            var any = false;
            for (var column = 0; column < _size; column++)
            {
                var value = jacobian[(row * _size) + column];
                if (value != 0)
                {
                    (any, columns[column]) = (true, true);
                    if (!double.IsFinite(value))
                    {
                        throw new ArithmeticException($"J: expected finite numbers at step {step}, got {value}; the state or the weights have diverged.");
                    }
                }
            }

            rows += any ? 1 : 0;
        }

        return Math.Min(rows, columns.Count(live => live));
    }
}
