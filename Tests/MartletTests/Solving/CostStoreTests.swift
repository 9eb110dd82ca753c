/// What a store of costs keeps in memory, and what of it in its file.

import Foundation
import MartletEngine
import Testing

@testable import Martlet

@Suite struct CostStoreTests {
    private let folder = FileManager.default.temporaryDirectory
        .appending(path: "martlet-costs-\(UUID().uuidString)")
    private var file: URL { folder.appending(path: "cache/costs.json") }

    private func loaded() async throws -> LoadedModel {
        var options = ModelOptions()
        options.threads = 1
        return try await Model.load("random:tiny", options: options, costs: CostStore(file: nil))
            .loaded
    }

    @Test func aMeasuredCostIsReadAgain() async throws {
        defer { try? FileManager.default.removeItem(at: folder) }
        let loaded = try await loaded()
        let cost = try await CostStore(file: file).cost(of: loaded)
        #expect(FileManager.default.fileExists(atPath: file.path(percentEncoded: false)))
        // Measured again it would not be the same to the last digit.
        #expect(try await CostStore(file: file).cost(of: loaded) == cost)
        // Nothing but the file is left in the folder: it was written beside and moved.
        let names = try FileManager.default.contentsOfDirectory(
            atPath: folder.appending(path: "cache").path(percentEncoded: false))
        #expect(names == ["costs.json"])
    }

    @Test func correctionsReachTheFileWhenSaved() async throws {
        defer { try? FileManager.default.removeItem(at: folder) }
        let loaded = try await loaded()
        let store = CostStore(file: file)
        let cost = try await store.cost(of: loaded)
        await store.correct(loaded, by: 4)
        #expect(await store.known(loaded) == cost.scaled(by: 2))
        #expect(try await CostStore(file: file).cost(of: loaded) == cost)
        await store.save()
        #expect(try await CostStore(file: file).cost(of: loaded) == cost.scaled(by: 2))
        // One that would change no plan is not worth a file.
        await store.correct(loaded, by: 1.05)
        await store.save()
        #expect(try await CostStore(file: file).cost(of: loaded) == cost.scaled(by: 2))
    }

    @Test func aHurriedCostIsNotWritten() async throws {
        defer { try? FileManager.default.removeItem(at: folder) }
        let loaded = try await loaded()
        let store = CostStore(file: file)
        let cost = try await store.cost(of: loaded, before: .zero)
        #expect(await store.known(loaded) == cost)
        await store.correct(loaded, by: 4)
        await store.save()
        #expect(!FileManager.default.fileExists(atPath: file.path(percentEncoded: false)))
    }

    @Test func aFileThatCannotBeReadOrWrittenIsDoneWithout() async throws {
        let loaded = try await loaded()
        try FileManager.default.createDirectory(at: file, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let store = CostStore(file: file)
        let cost = try await store.cost(of: loaded)
        #expect(cost.fixed + cost.perToken > 0)
        #expect(await CostStore(file: nil).known(loaded) == nil)
    }

    /// What no machine takes is measured again.
    @Test(arguments: [
        [1e300, 1e300, 1e300], [1e9, 0, 0], [0, 0, 0], [0, 1e9, 0], [1, 1, 2], [-1, 1, 0],
        [.nan, 1, 0], [.infinity, 1, 0], [.leastNonzeroMagnitude, 0, 0],
    ])
    func anAbsurdCostIsThrownAway(values: [Double]) {
        #expect(
            !CostStore.isPossible(
                StepCost(fixed: values[0], perToken: values[1], perRead: values[2])))
        #expect(CostStore.isPossible(StepCost(fixed: 1e-4, perToken: 1e-5, perRead: 0)))
    }

    /// A search corrects the store of its model, and no other.
    @Test func aSearchUsesTheStoreOfItsModel() async throws {
        defer { try? FileManager.default.removeItem(at: folder) }
        var options = ModelOptions()
        options.threads = 1
        let store = CostStore(file: file)
        let model = try await Model.load("random:tiny", options: options, costs: store)
        #expect(await store.known(model.loaded) == nil)
        var search = SolveOptions()
        (search.width, search.length) = (2, 8)
        let budget = SolveBudget(deadline: .seconds(20))
        for try await _ in model.solve("x", budget: budget, options: search) {}
        let known = await store.known(model.loaded)
        #expect(known != nil)
        #expect(try await CostStore(file: file).cost(of: model.loaded) == known)
    }
}
