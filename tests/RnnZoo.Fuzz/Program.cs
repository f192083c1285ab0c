using RnnZoo.Fuzz;
using SharpFuzz;

// corpus                            makes the corpus anew, in the working directory
// seeds TARGET FOLDER               copies the file that afl-fuzz starts from
// fuzz TARGET                       runs under afl-fuzz: see run.sh
// try TARGET FILE...                reads the file of the corpus, and then what afl-fuzz has found
// mutate TARGET SEED COUNT          runs the command line on damaged files
switch (args)
{
    case ["corpus"]:
        await Corpus.Make();
        return 0;
    case ["seeds", var name, var folder]:
        File.Copy(Path.Combine(Corpus.Path, Target.Named(name).Folder, Target.Named(name).File), Path.Combine(Directory.CreateDirectory(folder).FullName, "seed"), overwrite: true);
        return 0;
    case ["fuzz", var name]:
        using (var reader = new Reader(Target.Named(name)))
        {
            Fuzzer.Run(stream =>
            {
                using var bytes = new MemoryStream();
                stream.CopyTo(bytes);
                reader.Try(bytes.ToArray());
            });
        }

        return 0;
    case ["try", var name, .. var files]:
        using (var reader = new Reader(Target.Named(name)))
        {
            foreach (var file in files.Prepend(Path.Combine(Corpus.Path, Target.Named(name).Folder, Target.Named(name).File)))
            {
                Console.WriteLine($"{file}: {reader.Try(File.ReadAllBytes(file)) ?? "read"}");
            }
        }

        return 0;
    case ["mutate", var name, var seed, var count]:
        return await new MutatedRuns(Target.Named(name), int.Parse(seed)).Run(int.Parse(count));
    default:
        Console.Error.WriteLine($"expected corpus, seeds TARGET FOLDER, fuzz TARGET, try TARGET FILE..., or mutate TARGET SEED COUNT, with a target of {string.Join(", ", Target.All.Select(target => target.Name))}.");
        return 2;
}
