// What holds for the engine's promises in each family: chunks, threads, codecs, policies whose budget holds everything.

import MartletCache
import MartletKernels
import Testing

@testable import MartletModels
@testable import MartletPolicies

@Suite struct FamilyInvarianceTests {
    /// One golden checkpoint of each family, by the first of its cases.
    static let goldens: [GoldenCase] = {
        var seen: Set<String> = []
        return GoldenCase.all.filter { golden in
            guard let family = try? golden.load(.selected()).shape.family else { return true }
            return seen.insert(family).inserted
        }
    }()

    @Test func everyFamilyHasAGolden() throws {
        let families = try Self.goldens.map { try $0.load(.selected()).shape.family }
        #expect(Set(families) == Set(ModelRegistry.families.map(\.modelType)))
    }

    @Test(arguments: goldens, [CacheCodec.f16, .q8])
    func chunksAndThreadsChangeNoBit(_ golden: GoldenCase, codec: CacheCodec) throws {
        let set = try InstructionSet.selected()
        let tokens = Array(try golden.golden().tokens.prefix(33))
        let (model, other) = (try golden.load(set), try golden.load(set, threads: 3))
        let whole = try logProbabilities(model, tokens, chunk: 33, codec: codec)
        for chunk in [1, 7, 32] {
            let got = try logProbabilities(other, tokens, chunk: chunk, codec: codec)
            #expect(got.map(\.bitPattern) == whole.map(\.bitPattern), "chunk \(chunk)")
        }
    }

    /// Policies that keep all there is are the dense model.
    @Test(arguments: goldens)
    func aFullBudgetIsDense(_ golden: GoldenCase) throws {
        let tokens = Array(try golden.golden().tokens.prefix(33))
        let (prompt, following) = (Array(tokens.prefix(28)), Array(tokens.suffix(5)))
        let model = try golden.load(.selected())
        let dense = try PolicyRun("dense", model: model).decode(prompt, following, chunk: 28)
        for example in PolicyExample.keeping {
            // Those that move tokens are refused beside windows.
            guard let run = try? PolicyRun(example.text("budget=96"), model: model) else {
                #expect(model.shape.layerWindows.contains { $0 != nil }, "\(example)")
                continue
            }
            let got = try run.decode(prompt, following, chunk: 28)
            #expect(got.rows == dense.rows && got.held == dense.held, "\(example)")
        }
    }

    /// A bounded budget chooses the same whatever the chunks are.
    @Test(arguments: goldens)
    func choicesDoNotDependOnChunks(_ golden: GoldenCase) throws {
        let tokens = Array(try golden.golden().tokens.prefix(33))
        let (prompt, following) = (Array(tokens.prefix(28)), Array(tokens.suffix(5)))
        let model = try golden.load(.selected())
        for policy in ["snapkv(budget=16, window=4)", "h2o(budget=12, recent=4)"]
        where (try? PolicyRun(policy, model: model)) != nil {
            let whole = try PolicyRun(policy, model: model).decode(prompt, following, chunk: 28)
            let parts = try PolicyRun(policy, model: model).decode(prompt, following, chunk: 5)
            #expect(whole.rows == parts.rows && whole.held == parts.held, "\(policy)")
        }
    }
}
