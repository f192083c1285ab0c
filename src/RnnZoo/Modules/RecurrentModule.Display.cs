namespace RnnZoo.Modules;

[Display.TypeFormatterSource(typeof(Display.TableFormatters))]
public abstract partial class RecurrentModule<TState, TResult> : Display.ITable
{
    /// <summary>The module for a notebook: what it is, and its parameters.</summary>
    /// <returns>A table as HTML.</returns>
    public string ToHtml() => ModuleTable.Of(this, ModuleTable.Describe(this));
}
