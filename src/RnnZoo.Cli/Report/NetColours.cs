using RnnZoo.Modules;

namespace RnnZoo.Cli.Report;

/// <summary>The colours of nets in pictures: a net has the same one in all of them.</summary>
internal static class NetColours
{
    /// <summary>The place of a net's colour in the palette: its place in the registry.</summary>
    public static int Of(string net) => RecurrentNets.Names.ToList().IndexOf(net);
}
