namespace RnnZoo.Kernels;

/// <summary>What a program can do without.</summary>
internal static class StepCopies
{
    /// <summary>Lets what is made only to be copied be made where it is copied to.</summary>
    /// <param name="instructions">In order.</param>
    /// <param name="own">Rows that the program's user reads or writes between the steps.</param>
    /// <param name="lanes">Entries of a vector: rows of whole vectors alone can be written anywhere.</param>
    public static void Drop<T>(List<StepInstruction> instructions, List<StepRows> own, int lanes)
        where T : unmanaged
    {
        for (var at = 0; at < instructions.Count; at++)
        {
            if (instructions[at] is CopyInstruction<T> copy && !own.Exists(copy.Operands[0].Meets<T>) && CanMove<T>(instructions, at, lanes))
            {
                var (source, target) = (copy.Operands[0], copy.Target);
                instructions.RemoveAt(at--);
                instructions.ForEach(instruction => instruction.Move(rows => source.Holds<T>(rows)
                    ? target with { Address = target.Address + (rows.Address - source.Address), Length = rows.Length }
                    : rows));
            }
        }
    }

    private static bool CanMove<T>(List<StepInstruction> instructions, int at, int lanes)
        where T : unmanaged
    {
        var (source, target, isMade) = (instructions[at].Operands[0], instructions[at].Target, false);
        for (var other = 0; other < instructions.Count; other++)
        {
            var instruction = instructions[other];
            var makes = source.Meets<T>(instruction.Target);
            var all = instruction.All;
            if (Array.Exists(all, rows => source.Meets<T>(rows) && !(source.Holds<T>(rows) && rows.Length % lanes == 0)))
            {
                return false; // a part of something else, or no whole vectors
            }

            if (other == at)
            {
                continue;
            }

            if (other > at ? makes || target.Meets<T>(instruction.Target) : (isMade || makes) && Array.Exists(all, target.Meets<T>) && !IsInPlace(instruction))
            {
                return false; // made again, or something else stands in the place when it is made
            }

            isMade |= makes;
        }

        return isMade && !source.Moves;

        // What it reads of the place, it reads before it writes there.
        bool IsInPlace(StepInstruction instruction) => !isMade && instruction.IsElementwise && !target.Meets<T>(instruction.Target)
            && Array.TrueForAll(instruction.Operands, rows => !target.Meets<T>(rows) || (rows == target && instruction.Target == source));
    }
}

/// <summary>What of a program waits for the step before, and what for many steps at once can be made ahead of them or behind.</summary>
internal static class StepPhases
{
    private const int Ahead = 1, Within = 2, Behind = 4;

    /// <param name="instructions">In order.</param>
    /// <param name="carried">The roots of rows that a step leaves to the next.</param>
    public static (List<StepInstruction> Ahead, List<StepInstruction> Steps, List<StepInstruction> Behind) Of<T>(List<StepInstruction> instructions, HashSet<nint> carried)
        where T : unmanaged
    {
        var phases = new int[instructions.Count];
        var late = new HashSet<nint>(); // what is known in or after the step alone
        for (var at = 0; at < phases.Length; at++)
        {
            var instruction = instructions[at];
            phases[at] = instruction is ShowInstruction<T> || Array.Exists(instruction.All, rows => carried.Contains(rows.Root)) ? Within
                : Array.Exists(instruction.Operands, rows => late.Contains(rows.Root)) ? Behind
                : Ahead;
            if (phases[at] != Ahead)
            {
                late.Add(instruction.Target.Root);
            }
        }

        var needed = new HashSet<nint>(); // in the steps
        for (var at = phases.Length - 1; at >= 0; at--)
        {
            if (phases[at] == Behind && needed.Contains(instructions[at].Target.Root))
            {
                phases[at] = Within;
            }

            if (phases[at] == Within)
            {
                needed.UnionWith(instructions[at].Operands.Select(rows => rows.Root));
            }
        }

        var users = new Dictionary<nint, int>(); // the phases that meet a root
        for (var at = 0; at < phases.Length; at++)
        {
            foreach (var rows in instructions[at].All)
            {
                users[rows.Root] = users.GetValueOrDefault(rows.Root) | phases[at];
            }
        }

        // What one phase leaves to another has rows for every step of the block.
        instructions.ForEach(instruction => instruction.Move(rows => rows with { Stays = rows.Stride != 0 && !carried.Contains(rows.Root) && !int.IsPow2(users[rows.Root]) }));
        return (In(Ahead), In(Within), In(Behind));

        List<StepInstruction> In(int phase) => [.. instructions.Where((_, at) => phases[at] == phase)];
    }
}
