using RnnZoo.Characters;
using RnnZoo.Training;

namespace RnnZoo.Cli.Chars;

/// <summary>What came of a training.</summary>
internal sealed record CharsResult(CharsSettings Settings, CharacterModel Model, CharsText Text, CharacterProgress Progress, StopReason Reason)
{
    public long Parameters => Model.Net.parameters().Sum(parameter => parameter.numel());
}
