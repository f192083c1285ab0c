using RnnZoo.Bptt;

namespace RnnZoo.Modules;

/// <summary>A module whose gradient norms can be read.</summary>
internal interface INormSource
{
    NormObservers Norms { get; }
}
