using System.Runtime.CompilerServices;

namespace RnnZoo.Kernels;

/// <content>Equation (4): the gradients of the features, the weight and the bias.</content>
internal sealed unsafe partial class ReadoutPass<S, V, T>
{
    // (4)
    private void PropagateToFeatures(in Scratch own, int first, int rows)
    {
        var target = a.DFeatures + ((nint)first * a.Hidden);
        var whole = a.Hidden % S.Lanes == 0;
        Gemm<S, V, T>.Run(new GemmArguments<T>
        {
            A = own.Logits,
            AStride = logitStride,
            AStep = 1,
            Rows = rows,
            Depth = a.Classes,
            B = backwardPanels,
            BStride = (nint)a.Classes * S.Lanes,
            BStep = S.Lanes,
            Vectors = hiddenBlocks,
            Init = zero,
            C = whole ? target : own.DFeatures,
            CStride = whole ? a.Hidden : (nint)hiddenBlocks * S.Lanes,
            CVectorStride = S.Lanes,
        });
        if (!whole)
        {
            RowBlock<S, V, T>.Copy(target, a.Hidden, own.DFeatures, (nint)hiddenBlocks * S.Lanes, rows, a.Hidden);
        }
    }

    // (4), as [hidden block][V, lanes]; then the biases.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void AddToSums(in Scratch own, T* features, int rows)
    {
        for (var u = 0; a.DWeight != null && u < hiddenBlocks; u++)
        {
            var lanes = Math.Min(S.Lanes, a.Hidden - (u * S.Lanes));
            RowBlock<S, V, T>.Copy(own.Panels + (u * panelStride), S.Lanes, features + (u * S.Lanes), a.Hidden, rows, lanes);
        }

        nint size = (nint)a.Classes * S.Lanes;
        if (a.DWeight != null)
        {
            Gemm<S, V, T>.Run(new GemmArguments<T>
            {
                A = own.Logits,
                AStride = 1,
                AStep = logitStride,
                Rows = a.Classes,
                Depth = rows,
                B = own.Panels,
                BStride = panelStride,
                BStep = S.Lanes,
                Vectors = hiddenBlocks,
                Init = own.Sums,
                InitStride = S.Lanes,
                InitVectorStride = size,
                C = own.Sums,
                CStride = S.Lanes,
                CVectorStride = size,
            });
        }

        var biases = own.Sums + (hiddenBlocks * size);
        for (var block = 0; block < classBlocks; block++)
        {
            var sum = S.Load(biases + (block * S.Lanes));
            for (var row = 0; row < rows; row++)
            {
                sum = S.Add(sum, S.Load(own.Logits + (row * logitStride) + (block * S.Lanes)));
            }

            S.Store(biases + (block * S.Lanes), sum);
        }
    }

    private void JoinSums()
    {
        var sums = new Scratch(this, scratch).Sums;
        for (var part = 1; part < parts; part++)
        {
            RowBlock<S, V, T>.Add(sums, 0, new Scratch(this, scratch + (part * scratchStride)).Sums, 0, 1, (int)SumsSize);
        }

        for (var u = 0; u < hiddenBlocks; u++)
        {
            if (a.DWeight != null)
            {
                var lanes = Math.Min(S.Lanes, a.Hidden - (u * S.Lanes));
                RowBlock<S, V, T>.Copy(a.DWeight + (u * S.Lanes), a.Hidden, sums, S.Lanes, a.Classes, lanes);
            }

            sums += (nint)a.Classes * S.Lanes;
        }

        if (a.DBias != null)
        {
            RowBlock<S, V, T>.Copy(a.DBias, 0, sums, 0, 1, a.Classes);
        }
    }
}
