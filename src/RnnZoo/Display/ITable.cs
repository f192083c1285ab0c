namespace RnnZoo.Display;

/// <summary>Shows as a table when it is the value of a notebook's cell.</summary>
internal interface ITable
{
    /// <summary>The table as HTML.</summary>
    string ToHtml();
}
