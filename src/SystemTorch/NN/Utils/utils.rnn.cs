namespace TorchSharp;

public static partial class torch
{
    public static partial class nn
    {
        public static partial class utils
        {
            /// <summary>Sequences of unequal length in one tensor.</summary>
            public static partial class rnn
            {
                /// <summary>Fills sequences, each [Tᵢ, *], up to the longest: [T, B, *], or [B, T, *] when batch_first.</summary>
                public static Tensor pad_sequence(IEnumerable<Tensor> sequences, bool batch_first = false, double padding_value = 0)
                {
                    Tensor[] all = [.. sequences];
                    if (all.Length == 0)
                    {
                        throw new ArgumentException("sequences: expected one or more, got none.", nameof(sequences));
                    }

                    long[] rest = all[0].shape[1..];
                    foreach (Tensor sequence in all)
                    {
                        if (sequence.dim() == 0 || !sequence.shape.AsSpan(1).SequenceEqual(rest))
                        {
                            throw new ArgumentException(
                                $"sequences: expected each [T, {string.Join(", ", rest)}], got [{string.Join(", ", sequence.shape)}].",
                                nameof(sequences));
                        }
                    }

                    return NN.NativeFunctions.PadSequence(all, batch_first, padding_value);
                }
            }
        }
    }
}
