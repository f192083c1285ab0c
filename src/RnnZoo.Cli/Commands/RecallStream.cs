using RnnZoo.Streams;
using static TorchSharp.torch;

namespace RnnZoo.Cli.Commands;

/// <summary>
/// Sequences that ask for something seen exactly D steps before: a cue, one of 8; D - 1 steps of noise; a question, whose
/// answer is the cue; noise until the next cue. Where a cue comes within its period is random, so that chunks cut at any
/// place of the delay. Every step follows from the seed and its position alone: nothing but the steps asked for is ever in
/// memory.
/// </summary>
/// <param name="streams">B.</param>
/// <param name="steps">T.</param>
/// <param name="delay">D.</param>
/// <param name="seed">Where all randomness comes from.</param>
internal sealed class RecallStream(int streams, long steps, int delay, long seed) : StreamSource
{
    /// <summary>How many different cues there are, and answers.</summary>
    public const int Cues = 8;

    /// <summary>How many different input tokens there are: cues, noise, the question.</summary>
    public const int Tokens = Cues + Noise + 1;

    private const int Noise = 4;
    private const int Question = Tokens - 1;
    private const long Unasked = -100; // what cross_entropy leaves out

    private readonly int _slack = PeriodOf(delay) - delay;
    private readonly long[] _shifts = [.. Enumerable.Range(0, streams).Select(stream => Seeds.Derive(seed, "shift", stream) % PeriodOf(delay))];

    public override long Streams => streams;

    public override long Steps => steps;

    /// <summary>How many steps there are for each question.</summary>
    /// <param name="delay">D.</param>
    public static int PeriodOf(int delay) => delay + Math.Max(2, delay / 2);

    /// <summary>Token ids [count, B] and answers [count, B], -100 where none is asked for.</summary>
    public override StreamSlice Read(long start, long count)
    {
        var tokens = new long[count * streams];
        var answers = new long[count * streams];
        for (var stream = 0; stream < streams; stream++)
        {
            Fill(stream, start, count, tokens, answers);
        }

        return new StreamSlice(tensor(tokens, [count, streams]), tensor(answers, [count, streams])); // [k, B]
    }

    private void Fill(int stream, long start, long count, long[] tokens, long[] answers)
    {
        var length = PeriodOf(delay);
        var (period, cue, place) = (-1L, 0L, 0L);
        for (var index = 0L; index < count; index++)
        {
            var position = start + index + _shifts[stream];
            if (position / length != period)
            {
                period = position / length;
                var drawn = Seeds.Derive(seed, "cue", stream, period);
                (cue, place) = (drawn % Cues, drawn / Cues % _slack);
            }

            var since = (position % length) - place; // steps since the cue
            var target = (index * streams) + stream;
            tokens[target] = since == 0 ? cue : since == delay ? Question : Cues + (Seeds.Derive(seed, "noise", stream, position) % Noise);

            // The first period may have begun before the stream did, and its cue with it.
            answers[target] = since == delay && start + index >= delay ? cue : Unasked;
        }
    }
}
