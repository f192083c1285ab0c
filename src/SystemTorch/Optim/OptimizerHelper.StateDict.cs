using static TorchSharp.torch;

#nullable disable
namespace TorchSharp.Modules;

public abstract partial class OptimizerHelper
{
    public virtual optim.Optimizer.StateDictionary state_dict()
    {
        var result = new optim.Optimizer.StateDictionary();
        foreach (ParamGroup group in _parameter_groups)
        {
            var positions = new List<int>();
            foreach (Parameter parameter in group.Parameters)
            {
                positions.Add(result.State.Count);
                result.State.Add(StateOf(parameter));
            }

            result.Options.Add(group.Options);
            result.StateIndexRef.Add(positions);
        }

        return result;
    }

    /// <summary>Copies options and state from another optimizer of the same kind and the same parameters.</summary>
    public virtual void load_state_dict(optim.Optimizer.StateDictionary state_dict)
    {
        optim.Optimizer.StateDictionary own = this.state_dict();
        CheckCounts(state_dict.Options.Count, state_dict.State.Count, own);
        for (int i = 0; i < own.Options.Count; i++)
        {
            if (!ReferenceEquals(own.Options[i], state_dict.Options[i]))
            {
                own.Options[i].LoadStateDict(state_dict.Options[i]);
            }
        }

        for (int i = 0; i < own.State.Count; i++)
        {
            if (!ReferenceEquals(own.State[i], state_dict.State[i]))
            {
                own.State[i].LoadStateDict(state_dict.State[i]);
            }
        }
    }

    /// <summary>Writes the class name, the numbers of groups and states, then each.</summary>
    public void save_state_dict(string location)
    {
        using FileStream stream = File.Create(location);
        using var writer = new BinaryWriter(stream);
        save_state_dict(writer);
    }

    public void save_state_dict(BinaryWriter writer)
    {
        optim.Optimizer.StateDictionary own = state_dict();
        writer.Write(GetType().Name);
        writer.Write7BitEncodedInt64(own.Options.Count);
        writer.Write7BitEncodedInt64(own.State.Count);
        foreach (OptimizerOptions options in own.Options)
        {
            options.SaveStateDict(writer);
        }

        foreach (OptimizerState state in own.State)
        {
            state.SaveStateDict(writer);
        }
    }

    /// <summary>Reads what <see cref="save_state_dict(string)"/> wrote.</summary>
    public void load_state_dict(string location)
    {
        using FileStream stream = File.OpenRead(location);
        using var reader = new BinaryReader(stream);
        load_state_dict(reader);
    }

    /// <exception cref="InvalidDataException">The file is of another kind of optimizer.</exception>
    /// <exception cref="ArgumentException">The numbers of groups or parameters, or a tensor's shape or type, differ.</exception>
    public void load_state_dict(BinaryReader reader)
    {
        string kind = reader.ReadString();
        if (kind != GetType().Name)
        {
            throw new InvalidDataException($"The file holds the state of '{kind}', not of '{GetType().Name}'.");
        }

        optim.Optimizer.StateDictionary own = state_dict();
        CheckCounts(reader.Read7BitEncodedInt64(), reader.Read7BitEncodedInt64(), own);
        using IDisposable grad = no_grad();
        foreach (OptimizerOptions options in own.Options)
        {
            options.LoadStateDict(reader);
        }

        foreach (OptimizerState state in own.State)
        {
            state.LoadStateDict(reader);
        }
    }

    private static void CheckCounts(long groups, long states, optim.Optimizer.StateDictionary own)
    {
        if (groups != own.Options.Count)
        {
            throw new ArgumentException($"The saved state has {groups} parameter groups, the optimizer {own.Options.Count}.");
        }

        if (states != own.State.Count)
        {
            throw new ArgumentException($"The saved state has {states} parameters, the optimizer {own.State.Count}.");
        }
    }

    /// <summary>Kinds of values in a state.</summary>
    protected enum TypeCode
    {
        Double = 0,
        Long = 1,
        Tensor = 2,
        Options = 3,
        State = 4,
    }
}
