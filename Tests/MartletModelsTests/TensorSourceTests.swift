// A model loads from any source of tensors, not only from a directory.

import MartletFormats
import MartletKernels
import Testing

@testable import MartletModels

/// Another format, as far as a model can tell: the tensors of a directory, some of them missing.
private struct Sieve: TensorSource {
    let inner: any TensorSource
    var missing: String?
    var path: String { "a sieve" }
    var storesOutputsFirst: Bool { inner.storesOutputsFirst }
    var files: [MappedFile] { inner.files }
    var entries: [TensorEntry] { inner.entries.filter { $0.name != missing } }
    func contains(_ name: String) -> Bool { name != missing && inner.contains(name) }
    func find(_ name: String) throws(FormatError) -> TensorEntry? {
        name == missing ? nil : try inner.find(name)
    }
}

@Suite struct TensorSourceTests {
    private func load(_ missing: String?) throws -> LanguageModel {
        let stored = try Checkpoint(directory: GoldenCase.folder + "/qwen3-untied")
        let checkpoint = Checkpoint(
            directory: stored.directory, configuration: stored.configuration,
            tensors: Sieve(inner: stored.tensors, missing: missing))
        return try LanguageModel(
            checkpoint, weights: .f32, kernels: KernelSet.selected(),
            pool: WorkerPool(threadCount: 1))
    }

    @Test func aModelLoadsFromAnotherSource() throws {
        let model = try load(nil)
        #expect(model.shape.family == "qwen3")
        #expect(model.parameterCount > 0)
    }

    @Test func whatIsMissingIsNamedWithItsSource() {
        let error = #expect(throws: ModelError.self) {
            try load("model.layers.0.self_attn.q_norm.weight")
        }
        #expect(
            error.map { "\($0)" }?.contains(
                "a sieve has no tensor \"model.layers.0.self_attn.q_norm.weight\"") == true)
    }
}
