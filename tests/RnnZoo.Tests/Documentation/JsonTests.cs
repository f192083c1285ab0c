using System.Reflection;
using System.Text.Json;
using RnnZoo.Modules;

namespace RnnZoo.Tests.Documentation;

/// <summary>Programs in one file (`dotnet run app.cs`) switch off the reflection that JSON uses unless it is asked for by name.</summary>
public class JsonTests
{
    [Fact]
    public void OptionsOfTheLibrary_AskForReflectionByName()
    {
        var options = typeof(Lstm).Assembly.GetTypes()
            .Where(type => !type.ContainsGenericParameters)
            .SelectMany(type => type.GetFields(BindingFlags.Static | BindingFlags.NonPublic | BindingFlags.Public))
            .Where(field => field.FieldType == typeof(JsonSerializerOptions))
            .Select(field => (field.DeclaringType!.Name, Value: (JsonSerializerOptions)field.GetValue(null)!))
            .ToArray();

        Assert.InRange(options.Length, 5, 20);
        Assert.All(options, option =>
        {
            Assert.NotNull(option.Value.TypeInfoResolver);
            Assert.NotSame(JsonSerializerOptions.Default.TypeInfoResolver, option.Value.TypeInfoResolver); // what a first use fills in
        });
    }
}
