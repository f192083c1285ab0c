using TorchSharp.Interop;

namespace TorchSharp;

/// <summary>Indexing as in Python: views first (numbers, slices, new dimensions), then selection by tensors.</summary>
internal static class Indexing
{
    public static torch.Tensor Get(torch.Tensor source, torch.TensorIndex[] indices)
    {
        using var scope = torch.NewDisposeScope();
        var (view, selections) = View(source, indices);
        var result = selections is not null ? Op.Tensor("index.Tensor", view, Arg.OptionalTensors(selections))
            : ReferenceEquals(view, source) ? source.alias()
            : view;
        return result.MoveToOuterDisposeScope();
    }

    /// <summary>Writes a value, broadcast, into what the indices name.</summary>
    public static void Put(torch.Tensor target, torch.Tensor value, torch.TensorIndex[] indices, bool accumulate = false)
    {
        using var scope = torch.NewDisposeScope();
        var (view, selections) = View(target, indices);
        if (selections is not null)
        {
            Op.InPlace("index_put_", view, Arg.OptionalTensors(selections), value.to(view.dtype), accumulate);
        }
        else if (accumulate)
        {
            view.add_(value);
        }
        else
        {
            view.copy_(value);
        }
    }

    public static torch.TensorIndex[] Of(torch.Tensor[] tensors) => Array.ConvertAll(tensors, torch.TensorIndex.Tensor);

    public static torch.TensorIndex[] Of(params ReadOnlySpan<long> numbers)
    {
        var indices = new torch.TensorIndex[numbers.Length];
        for (var i = 0; i < numbers.Length; i++)
        {
            indices[i] = torch.TensorIndex.Single(numbers[i]);
        }
        return indices;
    }

    private static (torch.Tensor View, torch.Tensor?[]? Selections) View(torch.Tensor source, torch.TensorIndex[] indices)
    {
        var named = indices.Sum(index => Covers(index));
        if (named > source.Dimensions)
        {
            throw new ArgumentException(
                $"indices: expected at most {source.Dimensions} for shape [{string.Join(", ", source.shape)}], got {named}");
        }
        var view = source;
        var selections = new List<torch.Tensor?>();
        var any = false;
        var dim = 0L;
        foreach (var index in indices)
        {
            switch (index.What)
            {
                case torch.TensorIndex.Kind.Single:
                    view = view.select(dim, index.First ?? throw new ArgumentException("index: expected a number, got null"));
                    continue;
                case torch.TensorIndex.Kind.Slice:
                    view = Slice(view, dim, index);
                    selections.Add(null);
                    dim++;
                    continue;
                case torch.TensorIndex.Kind.NewDimension:
                    view = view.unsqueeze(dim);
                    selections.Add(null);
                    dim++;
                    continue;
                case torch.TensorIndex.Kind.Ellipsis:
                    var skipped = source.Dimensions - named;
                    selections.AddRange(new torch.Tensor?[skipped]);
                    dim += skipped;
                    continue;
                case torch.TensorIndex.Kind.Bool:
                    view = view.unsqueeze(dim);
                    selections.Add(index.First == 1 ? torch.zeros([1], torch.ScalarType.Int64) : torch.empty([0], torch.ScalarType.Int64));
                    any = true;
                    dim++;
                    continue;
                default:
                    selections.Add(index.Selection);
                    any = true;
                    dim += Covers(index);
                    continue;
            }
        }
        return (view, any ? selections.ToArray() : null);
    }

    private static torch.Tensor Slice(torch.Tensor view, long dim, torch.TensorIndex index)
    {
        if (index is { First: null, Stop: null, Step: null })
        {
            return view;
        }
        if (index.Step is <= 0)
        {
            throw new ArgumentException($"step: expected a positive number, got {index.Step}");
        }
        return Op.Tensor("slice.Tensor", view, dim, index.First, index.Stop, index.Step ?? 1);
    }

    /// <summary>How many dimensions of the source an entry uses up; a mask uses as many as it has.</summary>
    private static long Covers(torch.TensorIndex index) => index.What switch
    {
        torch.TensorIndex.Kind.Single or torch.TensorIndex.Kind.Slice => 1,
        torch.TensorIndex.Kind.Tensor => index.Selection!.dtype is torch.ScalarType.Bool or torch.ScalarType.Byte ? index.Selection.Dimensions : 1,
        _ => 0,
    };
}
