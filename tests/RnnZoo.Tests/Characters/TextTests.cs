using System.Text;
using RnnZoo.Characters;

namespace RnnZoo.Tests.Characters;

public sealed class TextTests : IDisposable
{
    private const string Sample = "Grüße, Wörld!\n€ costs 𝄞 and\nmore\n";

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Vocabulary_OfTextAndOfFile_AreTheSameSortedCharacters()
    {
        var vocabulary = Vocabulary.OfText(Sample);

        Assert.Equal(vocabulary.Characters, Vocabulary.OfFile(Write(Sample)).Characters);
        Assert.Equal(vocabulary.Characters.Order(), vocabulary.Characters);
        Assert.Equal(Sample.EnumerateRunes().Distinct().Count(), vocabulary.Size);
        Assert.Equal(Sample, vocabulary.Decode(vocabulary.Encode(Sample)));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Vocabulary_SavedAndLoaded_IsTheSame(bool ofBytes)
    {
        var vocabulary = ofBytes ? Vocabulary.Bytes : Vocabulary.OfText(Sample + "\"\\\u0001\u2028");
        var loaded = Vocabulary.FromJson(vocabulary.ToJson());

        Assert.Equal((vocabulary.Kind, vocabulary.Size), (loaded.Kind, loaded.Size));
        Assert.Equal(vocabulary.Characters, loaded.Characters);
        Assert.Equal(Sample, loaded.Decode(vocabulary.Encode(Sample)));
    }

    [Theory]
    [InlineData("", "vocabulary: expected a JSON object of strings")]
    [InlineData("{\"format\":", "vocabulary: expected a JSON object of strings")]
    [InlineData("null", "vocabulary: format: expected rnnzoo-vocabulary-1, got nothing.")]
    [InlineData("{}", "vocabulary: format: expected rnnzoo-vocabulary-1, got nothing.")]
    [InlineData("{\"format\":\"rnnzoo-vocabulary-1\",\"kind\":\"words\"}", "vocabulary: kind: expected bytes or characters, got words.")]
    [InlineData("{\"format\":\"rnnzoo-vocabulary-1\",\"kind\":\"characters\"}", "vocabulary: characters: expected at least one character and none twice, got 0 with 0 repeated.")]
    [InlineData("{\"format\":\"rnnzoo-vocabulary-1\",\"kind\":\"characters\",\"characters\":\"aba\"}", "vocabulary: characters: expected at least one character and none twice, got 3 with 1 repeated.")]
    [InlineData("{\"format\":\"rnnzoo-vocabulary-1\",\"kind\":\"characters\",\"characters\":\"a\\ud800\"}", "vocabulary: ")]
    public void FromJson_DamagedFile_SaysWhatIsWrong(string json, string message) =>
        Assert.StartsWith(message, Assert.Throws<InvalidDataException>(() => Vocabulary.FromJson(json)).Message);

    [Fact]
    public void TokensOfFile_Characters_ReadFromAnyPosition()
    {
        var text = string.Concat(Enumerable.Repeat(Sample, 97));
        var vocabulary = Vocabulary.OfText(text);
        var expected = vocabulary.Encode(text);
        var tokens = vocabulary.TokensOfFile(Write(text));

        Assert.Equal(expected.Length, tokens.Count);
        Assert.Equal(vocabulary.Size, tokens.VocabularySize);
        foreach (var (start, count) in new[] { (0, expected.Length), (1, 3), (511, 2), (512, 1), (1023, 1100), (expected.Length - 1, 1), (expected.Length, 0) })
        {
            var read = new long[count];
            tokens.Read(start, read);
            Assert.Equal(expected[start..(start + count)], read);
        }
    }

    [Fact]
    public void TokensOfFile_MoreThan256Characters_AreThoseOfTheText()
    {
        var text = string.Concat(Enumerable.Range(0, 70_000).Select(place => char.ConvertFromUtf32(0x100 + (int)((long)place * place % 7_919 % 997) + (place % 11 == 0 ? 0x10000 : 0))));
        var vocabulary = Vocabulary.OfText(text);
        var (ofText, ofFile) = (vocabulary.TokensOf(text), vocabulary.TokensOfFile(Write(text)));
        var (expected, read) = (new long[ofText.Count], new long[ofFile.Count]);
        ofText.Read(0, expected);
        ofFile.Read(0, read);

        Assert.Equal(text.EnumerateRunes().Select(rune => (long)vocabulary.Characters.Index().Single(pair => pair.Item == rune).Index).Take(500), expected.Take(500));
        Assert.Equal(expected, read);
    }

    [Fact]
    public void TokensOfFile_Bytes_AreTheFilesBytesValidOrNot()
    {
        byte[] bytes = [0xEF, 0xBB, 0xBF, 0x80, 0xFF, 0, (byte)'a'];
        var tokens = Vocabulary.Bytes.TokensOfFile(Write(bytes));
        var read = new long[5];
        tokens.Read(2, read);
        Assert.Equal([0xBF, 0x80, 0xFF, 0, 'a'], read);
        Assert.Equal((7L, 256), (tokens.Count, tokens.VocabularySize));
    }

    [Fact]
    public void TokensOfFile_ByteOrderMark_IsNoCharacter()
    {
        var path = Write([0xEF, 0xBB, 0xBF, .. "aß"u8]);
        var vocabulary = Vocabulary.OfFile(path);
        var tokens = vocabulary.TokensOfFile(path);
        Assert.Equal("aß", vocabulary.Decode(0, 1));
        Assert.Equal(2, tokens.Count);
    }

    [Fact]
    public void TokensOfFile_InvalidUtf8_NamesThePlace()
    {
        var path = Write([.. "ab\nß"u8, 0xC3, .. "("u8]);
        var message = $"{path}: expected UTF-8, got the bytes C328 at byte 5 (line 2, column 2); convert the file to UTF-8, or use the byte vocabulary.";
        Assert.Equal(message, Assert.Throws<InvalidDataException>(() => Vocabulary.OfText("abß\n(").TokensOfFile(path)).Message);
        Assert.Equal(message, Assert.Throws<InvalidDataException>(() => Vocabulary.OfFile(path)).Message);
    }

    [Fact]
    public void TokensOfFile_CharactersAcrossReadBlocks_AreWholeAndACutOneIsFound()
    {
        // 65,535 one-byte characters, so that the next one lies across two blocks of 65,536.
        var text = new string('a', 65_535) + "€";
        var vocabulary = Vocabulary.OfText(text);
        var tokens = vocabulary.TokensOfFile(Write(text));
        var read = new long[2];
        tokens.Read(65_534, read);
        Assert.Equal("a€", vocabulary.Decode(read));

        var cut = Write(Encoding.UTF8.GetBytes(text)[..^1]);
        Assert.Contains("got the bytes E282 at byte 65535 (line 1, column 65536)", Assert.Throws<InvalidDataException>(() => Vocabulary.OfFile(cut)).Message);
    }

    [Fact]
    public void TokensOfFile_CharacterOutsideTheVocabulary_IsNamedWithItsPlace()
    {
        var path = Write("aa\nb€");
        Assert.Equal(
            $"{path}: expected characters of the vocabulary, which has 3, got '€' (U+20AC) at byte 4 (line 2, column 2); remove it, or train a model whose vocabulary has it.",
            Assert.Throws<InvalidDataException>(() => Vocabulary.OfText("ab\n").TokensOfFile(path)).Message);
    }

    [Fact]
    public void Encode_CharacterOutsideTheVocabulary_IsNamedWithItsPlace()
    {
        var vocabulary = Vocabulary.OfText("ab");
        Assert.Contains("got '€' (U+20AC)", Assert.Throws<ArgumentException>(() => vocabulary.Encode("ab€")).Message);
        Assert.Contains("got U+000A at index 1; ", Assert.Throws<ArgumentException>(() => vocabulary.Encode("a\n")).Message);
        Assert.Contains("U+D834, at index 1", Assert.Throws<ArgumentException>(() => vocabulary.Encode("a\uD834")).Message);
        Assert.Equal("ids: expected ids from 0 to 1, got 2 at position 1.", Assert.Throws<ArgumentException>(() => vocabulary.Decode(0, 2)).Message);
        Assert.Equal("text: expected at least one character, got none.", Assert.Throws<ArgumentException>(() => Vocabulary.OfText("")).Message);
    }

    [Theory]
    [InlineData("", 0)]
    [InlineData("a", 1)]
    public void TokensOfFile_EmptyOrOneCharacter_IsRefused(string text, int count)
    {
        var path = Write(text);
        Assert.Equal(
            $"{path}: expected a text of at least 2 characters, an input and the target after it, got {count}.",
            Assert.Throws<InvalidDataException>(() => Vocabulary.OfText("a").TokensOfFile(path)).Message);
        Assert.EndsWith($"at least 2 bytes, an input and the target after it, got {count}.", Assert.Throws<InvalidDataException>(() => Vocabulary.Bytes.TokensOfFile(path)).Message);
    }

    [Fact]
    public void OfFile_Empty_IsRefused()
    {
        var path = Write("");
        Assert.Equal($"{path}: expected text, got an empty file.", Assert.Throws<InvalidDataException>(() => Vocabulary.OfFile(path)).Message);
        Assert.Throws<FileNotFoundException>(() => Vocabulary.OfFile(_folder.File("none")));
    }

    private string Write(string text) => Write(Encoding.UTF8.GetBytes(text));

    private string Write(byte[] bytes)
    {
        var path = _folder.File($"{Guid.NewGuid():N}.txt");
        File.WriteAllBytes(path, bytes);
        return path;
    }
}
