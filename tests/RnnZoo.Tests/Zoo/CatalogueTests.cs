using RnnZoo.Zoo;

namespace RnnZoo.Tests.Zoo;

public class CatalogueTests
{
    [Fact]
    public void List_Patterns_FindNamesInOrder()
    {
        using var folder = new TemporaryFolder();
        foreach (var name in new[] { "copy-b", "copy-a", "adding-a", ".copy-c" })
        {
            TinyModels.Write(folder.Path, name, "");
        }

        Directory.CreateDirectory(folder.File("copy-empty"));
        File.WriteAllText(folder.File("copy-file"), "");
        var catalogue = new ModelCatalogue(folder.Path);

        Assert.Equal(["adding-a", "copy-a", "copy-b"], catalogue.List().Select(model => model.Name));
        Assert.Equal(["copy-a", "copy-b"], catalogue.List("copy-*").Select(model => model.Name));
        Assert.Equal(["adding-a", "copy-a"], catalogue.List("*-a").Select(model => model.Name));
        Assert.Empty(catalogue.List("Copy-*"));
        Assert.Equal("copy-a", catalogue.Find("copy-a").Name);
    }

    [Fact]
    public void Find_UnknownName_IsAnErrorThatListsTheKnown()
    {
        using var folder = new TemporaryFolder();
        TinyModels.Write(folder.Path, "copy-a", "");

        var problem = Assert.Throws<ArgumentException>(() => new ModelCatalogue(folder.Path).Find("copy-b"));

        Assert.Equal($"name: expected a model (copy-a) in {folder.Path}, got 'copy-b'.", problem.Message);
    }

    [Fact]
    public void RnnZooPath_FoldersOfTheUser_ComeFirst()
    {
        using var folder = new TemporaryFolder();
        var first = TinyModels.Write(folder.File("one"), "copy-a", "");
        TinyModels.Write(folder.File("two"), "copy-a", "");
        var second = TinyModels.Write(folder.File("two"), "copy-b", "");

        WithPath($"{folder.File("one")}{Path.PathSeparator}{Path.PathSeparator} {folder.File("two")}", () =>
        {
            Assert.Equal([first, second], ModelZoo.List("copy-?").Select(model => model.Folder));
            Assert.Equal(folder.File("one"), ModelCatalogue.Default().Folders[0]);
            Assert.StartsWith("name: expected a model (", Assert.Throws<ArgumentException>(() => ModelZoo.Load("copy-none")).Message, StringComparison.Ordinal);
        });
    }

    [Fact]
    public void RnnZooPath_FolderThatIsMissing_IsAnErrorThatNamesIt()
    {
        using var folder = new TemporaryFolder();
        var missing = folder.File("missing");

        WithPath(missing, () => Assert.Equal(
            $"RNNZOO_PATH: expected folders of models that exist, found none at {missing}; make it, or take it out of RNNZOO_PATH.",
            Assert.Throws<DirectoryNotFoundException>(() => ModelZoo.List()).Message));
    }

    private static void WithPath(string path, Action test)
    {
        var before = Environment.GetEnvironmentVariable(ModelCatalogue.PathVariable);
        Environment.SetEnvironmentVariable(ModelCatalogue.PathVariable, path);
        try
        {
            test();
        }
        finally
        {
            Environment.SetEnvironmentVariable(ModelCatalogue.PathVariable, before);
        }
    }
}
