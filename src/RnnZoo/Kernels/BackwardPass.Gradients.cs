namespace RnnZoo.Kernels;

/// <content>What becomes of the column gradients: the gradients of the input, the weights and the biases.</content>
internal sealed unsafe partial class BackwardPass<C, S, V, T>
{
    private void Consume(in BackwardPart<T> own, in ChunkRange chunk, int first, int part)
    {
        var (from, to, starts) = (chunk.First, chunk.Last, plan.Starts[part]);
        var dRows = own.DRows + (plan.KeepSteps ? starts[from] * plan.DRowsStride : 0);
        if (plan.InputAtOnce && a.DX != null)
        {
            MultiplyInput(own, dRows, from, to, first, part);
        }

        if (!a.WantsParameters)
        {
            return;
        }

        for (var s = from; s < to; s++)
        {
            ref readonly var f = ref a.Forward;
            var (row, rows) = (starts[s] - starts[from], (int)(starts[s + 1] - starts[s]));
            if (plan.InputFeatures > 0)
            {
                var x = f.X + shape.Offset(s, f.XStepStride, f.XBatchStride) + (first * f.XBatchStride);
                var target = own.InputFeatures + (row * plan.InputFeaturesStride);
                RowBlock<S, V, T>.Copy(target, plan.InputFeaturesStride, x, f.XBatchStride, rows, plan.InputFeatures - 1);
                PutOnes(target + plan.InputFeatures - 1, plan.InputFeaturesStride, rows);
            }

            if (plan.HiddenFeatures > 0)
            {
                var target = own.HiddenFeatures + (row * plan.HiddenFeaturesStride);
                if (plan.HiddenWidth > 0)
                {
                    CopyHidden(target, plan.HiddenFeaturesStride, s - 1, first, rows);
                }

                PutOnes(target + plan.HiddenWidth, plan.HiddenFeaturesStride, plan.HiddenBias ? rows : 0);
            }
        }

        var depth = (int)(starts[to] - starts[from]);
        if (plan.WritesGradients)
        {
            PutGradients(own, dRows, depth);
            return;
        }

        var start = to == chunk.End; // the part's sums hold nothing yet
        AddWeightGradient(
            own.InputFeatures, plan.InputFeaturesStride, plan.InputFeatures,
            dRows + (C.FirstInputColumn * plan.PaddedHidden), depth, own.InputSums, start);
        AddWeightGradient(
            own.HiddenFeatures, plan.HiddenFeaturesStride, plan.HiddenFeatures,
            dRows + (C.FirstHiddenColumn * plan.PaddedHidden), depth, own.HiddenSums, start);
    }

    // What a bias is multiplied with; PutBias does without.
    private static void PutOnes(T* target, nint stride, int rows)
    {
        for (var row = 0; row < rows; row++)
        {
            target[row * stride] = T.One;
        }
    }

    // Adds features ᵀ · column gradients, summed over the rows (one per step and batch entry) of a chunk whose column
    // gradients are still in the cache: k is the row, so both factors are read across their rows. start: stores the product.
    private void AddWeightGradient(T* features, nint featuresStride, int count, T* columns, int rows, T* sums, bool start)
    {
        if (count == 0)
        {
            return;
        }

        nint size = (nint)count * S.Lanes;
        Gemm<S, V, T>.Run(new GemmArguments<T>
        {
            A = features,
            AStride = 1,
            AStep = featuresStride,
            Rows = count,
            Depth = rows,
            B = columns,
            BStride = S.Lanes,
            BStep = plan.DRowsStride,
            Vectors = C.Gates * plan.UnitBlocks,
            Init = start ? memory.Zero : sums,
            InitStride = start ? 0 : S.Lanes,
            InitVectorStride = start ? 0 : size,
            C = sums,
            CStride = S.Lanes,
            CVectorStride = size,
        });
    }

    // The same where there is one chunk, with the roles of the factors changed: column gradients ᵀ · features, whose rows are
    // those of the weights.
    private void PutGradients(in BackwardPart<T> own, T* dRows, int rows)
    {
        for (var g = 0; g < C.Gates; g++)
        {
            var (input, hidden) = (C.FirstInputColumn + g, C.FirstHiddenColumn + g);
            T* inputColumns = dRows + (input * plan.PaddedHidden), hiddenColumns = dRows + (hidden * plan.PaddedHidden);
            nint inputUnit = C.InputGate(input) * shape.Hidden, hiddenUnit = C.HiddenGate(hidden) * shape.Hidden;
            PutWeight(a.DWeightIh, inputUnit, own.InputFeatures, plan.InputFeaturesStride, shape.Input, inputColumns, rows);
            PutWeight(a.DWeightHh, hiddenUnit, own.HiddenFeatures, plan.HiddenFeaturesStride, shape.Hidden, hiddenColumns, rows);
            PutBias(a.DBiasIh, inputUnit, inputColumns, rows);
            PutBias(a.DBiasHh, hiddenUnit, hiddenColumns, rows);
        }
    }

    private void PutWeight(T* weight, nint unit, T* features, nint featuresStride, int width, T* columns, int rows)
    {
        if (weight == null)
        {
            return;
        }

        Gemm<S, V, T>.Run(new GemmArguments<T>
        {
            A = columns,
            AStride = 1,
            AStep = plan.DRowsStride,
            Rows = shape.Hidden,
            Depth = rows,
            B = features,
            BStride = S.Lanes,
            BStep = featuresStride,
            Vectors = width / S.Lanes,
            Init = memory.Zero,
            C = weight + (unit * width),
            CStride = width,
            CVectorStride = S.Lanes,
        });
    }

    private void PutBias(T* bias, nint unit, T* columns, int rows)
    {
        if (bias != null)
        {
            RowBlock<S, V, T>.Clear(bias + unit, shape.Hidden);
            RowBlock<S, V, T>.Add(bias + unit, 0, columns, plan.DRowsStride, rows, shape.Hidden);
        }
    }

    private void AddTokens(in BackwardPart<T> own, T* dRows, int s, int first, int rows)
    {
        ref readonly var f = ref a.Forward;
        var tokens = f.Tokens + shape.Offset(s, f.XStepStride, f.XBatchStride) + (first * f.XBatchStride);
        var columns = dRows + (C.FirstInputColumn * plan.PaddedHidden);
        TokenTable<C, S, V, T>.Add(own.InputSums, plan.TokenStride, tokens, f.XBatchStride, rows, columns, plan.DRowsStride);
    }

    // ∂L/∂x of steps [from, to): the column gradients times W_ih.
    private void MultiplyInput(in BackwardPart<T> own, T* dRows, int from, int to, int first, int part)
    {
        var starts = plan.Starts[part];
        nint depth = C.Gates * plan.PaddedHidden;
        var g = new GemmArguments<T>
        {
            A = dRows + (C.FirstInputColumn * plan.PaddedHidden),
            AStride = plan.DRowsStride,
            AStep = 1,
            Rows = (int)(starts[to] - starts[from]),
            Depth = (int)depth,
            B = memory.InputPanels,
            BStride = depth * S.Lanes,
            BStep = S.Lanes,
            Vectors = plan.InputBlocks,
            Init = memory.Zero,
            C = own.DX,
            CStride = plan.DXStride,
            CVectorStride = S.Lanes,
        };
        Gemm<S, V, T>.Run(g);
        for (var s = from; s < to; s++)
        {
            var target = a.DX + shape.Offset(s, a.DXStepStride, a.DXBatchStride) + (first * a.DXBatchStride);
            var source = own.DX + ((starts[s] - starts[from]) * plan.DXStride);
            RowBlock<S, V, T>.Copy(target, a.DXBatchStride, source, plan.DXStride, (int)(starts[s + 1] - starts[s]), shape.Input);
        }
    }

    private void Sum(int part)
    {
        var first = Partition.Start(plan.UnitBlocks, part, threads);
        var last = Partition.Start(plan.UnitBlocks, part + 1, threads);
        var parts = plan.RowParts;
        var own = memory.Part(0, plan);
        if (plan.TokenStride > 0)
        {
            TokenTable<C, S, V, T>.Gradient(
                own.InputSums, plan.TokenStride, memory.InputSumsStride, parts, shape.Input, shape.Hidden,
                a.DWeightIh, a.DBiasIh, plan.HiddenBias ? null : a.DBiasHh, first, last);
        }

        if (plan.InputFeatures > 0)
        {
            SumInput(first, last, parts, own.InputSums);
        }

        if (plan.HiddenFeatures > 0)
        {
            var hidden = new Accumulators<T>
            {
                Start = own.HiddenSums,
                PartStride = memory.HiddenSumsStride,
                Parts = parts,
                Features = plan.HiddenFeatures,
            };
            var bias = plan.HiddenBias ? a.DBiasHh : null;
            Packing<C, S, V, T>.Gradient(hidden, shape.Hidden, false, a.DWeightHh, shape.Hidden, bias, plan.HiddenWidth, first, last);
        }
    }

    private void SumActivationBias()
    {
        if (a.DActivationBias == null)
        {
            return;
        }

        RowBlock<S, V, T>.Copy(a.DActivationBias, 0, memory.Part(0, plan).ActivationSums, 0, 1, shape.Hidden);
        for (var part = 1; part < plan.RowParts; part++)
        {
            RowBlock<S, V, T>.Add(a.DActivationBias, 0, memory.Part(part, plan).ActivationSums, 0, 1, shape.Hidden);
        }
    }

    private void SumInput(int first, int last, int parts, T* sums)
    {
        var input = new Accumulators<T>
        {
            Start = sums,
            PartStride = memory.InputSumsStride,
            Parts = parts,
            Features = plan.InputFeatures,
        };
        var inputBias = plan.InputFeatures - 1;
        Packing<C, S, V, T>.Gradient(input, shape.Hidden, true, a.DWeightIh, shape.Input, a.DBiasIh, inputBias, first, last);
        if (a.DBiasHh != null && !plan.HiddenBias)
        {
            input.Parts = 1; // summed already
            Packing<C, S, V, T>.Gradient(input, shape.Hidden, true, null, 0, a.DBiasHh, inputBias, first, last);
        }
    }

    /// <summary>The steps that are taken together for the weight gradients.</summary>
    /// <param name="starts">How many rows come before each step.</param>
    /// <param name="rows">How many rows a chunk has at most.</param>
    private struct ChunkRange(RowStarts starts, int rows)
    {
        public int First { get; private set; } = int.MaxValue;

        public int Last { get; private set; }

        /// <summary>Where the last chunk, which is opened first, ends.</summary>
        public int End { get; private set; }

        /// <summary>Opens the chunk that ends with step <paramref name="s"/>, unless s is in the current one.</summary>
        public void Include(int s)
        {
            if (s >= First)
            {
                return;
            }

            Last = s + 1;
            End = Math.Max(End, Last);
            for (First = s; First > 0 && starts[First] > starts[First - 1] && starts[Last] - starts[First - 1] <= rows; First--)
            {
            }
        }
    }
}
