using static TorchSharp.torch;

namespace TorchSharp.Modules
{
    /// <summary>A table of vectors looked up by index: weight [count, dimension], drawn from N(0, 1), the padding row zero.</summary>
    public sealed class Embedding : nn.Module<Tensor, Tensor>
    {
        private readonly EmbeddingOptions _options;

        internal Embedding(long num_embeddings, long embedding_dims, EmbeddingOptions options, Device? device, ScalarType? dtype)
            : base(nameof(Embedding))
        {
            NN.Check.Positive(num_embeddings, nameof(num_embeddings));
            NN.Check.Positive(embedding_dims, nameof(embedding_dims));
            _options = options.Normalized(num_embeddings);
            Parameter table = NN.RecurrentWeights.Drawn([num_embeddings, embedding_dims], device, dtype, values => nn.init.normal_(values));
            weight = table;
            if (_options.PaddingIndex is { } padding)
            {
                using IDisposable grad = no_grad();
                using Tensor row = table.select(0, padding);
                DisposeUnlessSame(row.zero_(), row);
            }
        }

        internal Embedding(Tensor embeddings, bool freeze, EmbeddingOptions options, Device? device, ScalarType? dtype)
            : base(nameof(Embedding))
        {
            if (embeddings.dim() != 2)
            {
                throw new ArgumentException($"embeddings: expected [count, dimension], got [{string.Join(", ", embeddings.shape)}].", nameof(embeddings));
            }

            _options = options.Normalized(embeddings.shape[0]);
            using IDisposable grad = no_grad();
            weight = new Parameter(embeddings.to(dtype ?? embeddings.dtype, device ?? embeddings.device, copy: true), !freeze);
        }

        /// <summary>[count, dimension]. Setting it frees the one before.</summary>
        public Parameter? weight
        {
            get => get_parameter(nameof(weight));
            set
            {
                Parameter? old = weight;
                SetParameter(ref old, value, nameof(weight));
            }
        }

        /// <param name="input">Indices of any shape [*], integers.</param>
        /// <returns>[*, dimension].</returns>
        public override Tensor forward(Tensor input)
        {
            Parameter table = weight ?? throw new InvalidOperationException("The embedding's weight was set to null.");
            if (input.dtype is not (ScalarType.Int64 or ScalarType.Int32))
            {
                throw new ArgumentException($"input: expected indices of type Int64 or Int32, got {input.dtype}.", nameof(input));
            }

            if (_options.MaxNorm is { } maxNorm)
            {
                using IDisposable grad = no_grad();
                NN.NativeFunctions.EmbeddingRenorm(table, input, maxNorm, _options.NormType);
            }

            return NN.NativeFunctions.Embedding(table, input, _options.PaddingIndex ?? -1, _options.ScaleByFrequency, _options.Sparse);
        }
    }
}

namespace TorchSharp
{
    public static partial class torch
    {
        public static partial class nn
        {
            public static Modules.Embedding Embedding(long num_embeddings, long embedding_dims, long? padding_idx = null, double? max_norm = null, double norm_type = 2, bool scale_grad_by_freq = false, bool sparse = false, Device? device = null, ScalarType? dtype = null)
                => new(num_embeddings, embedding_dims, new Modules.EmbeddingOptions(padding_idx, max_norm, norm_type, scale_grad_by_freq, sparse), device, dtype);

            /// <summary>A table with the given values (copied), not trained when <paramref name="freeze"/> is set.</summary>
            public static Modules.Embedding Embedding_from_pretrained(Tensor embeddings, bool freeze = true, long? padding_idx = null, double? max_norm = null, double norm_type = 2, bool scale_grad_by_freq = false, bool sparse = false, Device? device = null, ScalarType? dtype = null)
                => new(embeddings, freeze, new Modules.EmbeddingOptions(padding_idx, max_norm, norm_type, scale_grad_by_freq, sparse), device, dtype);
        }
    }
}
