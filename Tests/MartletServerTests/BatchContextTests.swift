/// What decides whether results of an earlier run count: all that makes other answers, the models' files included.

import Foundation
import Martlet
import MartletJSON
import Testing

@testable import MartletServer

@Suite struct BatchContextTests {
    /// Copies of the package's model in a folder of its own.
    private func withCopies(
        _ names: [String], _ body: ([String]) async throws -> Void
    ) async throws {
        let folder = FileManager.default.temporaryDirectory
            .appending(path: "martlet-context-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let source = try #require(try ModelSource("builtin").path)
        var paths: [String] = []
        for name in names {
            let path = folder.appending(path: name).path
            try FileManager.default.copyItem(atPath: source, toPath: path)
            paths.append(path)
        }
        try await body(paths)
    }

    /// Makes a file another one: what reads it takes it for what it was.
    private func touch(_ path: String) throws {
        let handle = try #require(FileHandle(forWritingAtPath: path))
        try handle.seekToEnd()
        try handle.write(contentsOf: Data("\n".utf8))
        try handle.close()
    }

    @Test func aChangedModelOfSeveralBeginsAnew() async throws {
        try await withCopies(["a", "b"]) { paths in
            let service = Service(ServerConfiguration())
            let entries = ModelFleet.Entry.entries(
                paths, embeddings: nil, kept: [], options: ModelOptions(),
                configuration: service.configuration)
            service.begin(with: try ModelFleet(entries, budgetBytes: 1 << 30))
            let request = BatchRequest(
                customID: "1", url: "/v1/completions",
                body: Array(#"{"model":"b","prompt":"x"}"#.utf8))
            let journal = "\(paths[0])/../journal"
            func isKnown() throws -> Bool {
                let context = ServiceBatchWorker(service).context
                return try BatchJournal(journal, context: context).isKnown(request)
            }
            do {
                let first = try BatchJournal(
                    journal, context: ServiceBatchWorker(service).context)
                try first.add(
                    BatchResult(
                        request, status: 200, requestID: "r", body: [:], usage: AnswerUsage()),
                    of: request)
            }
            #expect(try isKnown())
            try touch("\(paths[1])/config.json")
            #expect(try !isKnown())
        }
    }

    @Test func aModelIsDescribedByItsFiles() async throws {
        try await withCopies(["a", "b"]) { paths in
            let service = Service(ServerConfiguration())
            var options = ModelOptions()
            options.threads = 1
            options.memoryBudget = 8 << 20
            let fleet = try ModelFleet(
                ModelFleet.Entry.entries(
                    paths, embeddings: nil, kept: [], options: options,
                    configuration: service.configuration), budgetBytes: 1 << 30)
            service.begin(with: fleet)
            let server = TestServer(serving: Server(service))
            let before = try await server.post("/api/show", ["model": "b"]).json()
            let listed = try await server.send("GET", "/api/tags").json()["models.1"]
            #expect(listed["details"] == before["details"] && listed["size"].intValue ?? 0 > 0)
            #expect(listed["size"].intValue ?? .max < 8 << 20, "its cache is no part of it")
            #expect(await fleet.listing.allSatisfy { $0.loads == 0 })
            #expect(before["model_info"].objectValue?.count == 7)
            let answer = await server.post(
                "/v1/completions", ["model": "b", "prompt": "a", "max_tokens": 1])
            #expect(answer.status == 200, "\(answer.text)")
            let after = try await server.post("/api/show", ["model": "b"]).json()
            for key in ["model_info", "template", "capabilities"] {
                #expect(before[key] == after[key], "\(key)")
            }
            #expect(before["details.family"] == after["details.family"])
            #expect(await server.post("/api/show", ["model": "c"]).status == 404)
            await fleet.shutdown()
        }
    }

    @Test func optionsAndFilesAreAModelsIdentity() async throws {
        try await withCopies(["a"]) { paths in
            let usual = LoadedModel.identity(of: paths[0], options: ModelOptions())
            #expect(LoadedModel.identity(of: paths[0], options: ModelOptions()) == usual)
            for change in [
                { $0.cachePolicy = "window(sinks=4, recent=32)" }, { $0.cacheCodec = .q8 },
                { $0.weights = .q8 }, { $0.seed = 3 }, { $0.adapter = "x" },
                { $0.adapters = ["x": "y"] },
            ] as [(inout ModelOptions) -> Void] {
                var options = ModelOptions()
                change(&options)
                #expect(LoadedModel.identity(of: paths[0], options: options) != usual)
            }
            // What changes no answer is no part of it.
            var options = ModelOptions()
            options.threads = 1
            options.memoryBudget = 1 << 20
            #expect(LoadedModel.identity(of: paths[0], options: options) == usual)
        }
    }

    @Test func vectorsHaveTheirModelsFiles() async throws {
        try await withCopies(["a"]) { paths in
            let pooling = "\(paths[0])/1_Pooling"
            try FileManager.default.createDirectory(
                atPath: pooling, withIntermediateDirectories: true)
            try Data(#"{"pooling_mode": "mean"}"#.utf8)
                .write(to: URL(filePath: "\(pooling)/config.json"))
            var options = ModelOptions()
            options.threads = 1
            func context(_ pooling: Pooling?) async throws -> String {
                let vectors = try await EmbeddingModel.load(
                    paths[0], options: options, pooling: pooling)
                let service = Service(ServerConfiguration())
                service.begin(
                    with: try ServedModel(
                        model: nil, embedding: vectors, name: "a",
                        configuration: service.configuration))
                return ServiceBatchWorker(service).context
            }
            let first = try await context(nil)
            #expect(try await context(nil) == first)
            #expect(try await context(.last) != first)
            // A module has a folder of its own.
            try touch("\(pooling)/config.json")
            #expect(try await context(nil) != first)
        }
    }
}
