using RnnZoo.Tasks;

namespace RnnZoo.Training;

/// <summary>A stretch of training on an easier task of the same kind, before the task itself (Bengio and others, "Curriculum
/// Learning", 2009).</summary>
/// <param name="Steps">How many steps it takes.</param>
/// <param name="Task">Where the sequences of these steps come from, and their loss.</param>
public sealed record CurriculumStage(int Steps, ISequenceTask Task);
