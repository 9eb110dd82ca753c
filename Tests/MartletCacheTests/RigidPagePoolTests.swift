/// The pool alone: budget, counts, order, content of fresh pages.

import Testing

@testable import MartletCache

extension RigidPagePool {
    // Expectations copy what they look at, which a pool cannot be; so results get names first.
    fileprivate mutating func take() throws -> Int32 {
        let page = allocate()
        return try #require(page)
    }

    fileprivate func bytes(of page: Int32) -> [UInt8] {
        [UInt8](UnsafeRawBufferPointer(start: pointer(to: page), count: pageBytes))
    }

    fileprivate func slots(of page: Int32) -> [Int32] {
        [Int32](UnsafeBufferPointer(start: positions(of: page), count: KVPage.tokens))
    }
}

@Suite struct RigidPagePoolTests {
    @Test func takesNoMoreThanItsBudget() throws {
        var pool = try RigidPagePool(budgetBytes: 10 * 128 + 127, pageBytes: 64)
        var pages: [Int32?] = []
        for _ in 0..<11 { pages.append(pool.allocate()) }
        #expect(pages == [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, nil])
        let full = (pool.capacity, pool.heldBytes, pool.peakBytes, pool.freePages)
        #expect(full == (10, 1280, 1280, 0))
        pool.release(3)
        pool.release(7)
        let less = (pool.heldBytes, pool.peakBytes, pool.freePages)
        #expect(less == (1024, 1280, 2))
        let again = [pool.allocate(), pool.allocate()]
        #expect(again == [7, 3])
    }

    @Test func refusesABudgetBelowTheMinimum() {
        #expect(throws: CacheError.budgetTooSmall(budgetBytes: 1000, neededBytes: 1024)) {
            _ = try RigidPagePool(budgetBytes: 1000, pageBytes: 64, minimumPages: 8).capacity
        }
        #expect(throws: CacheError.budgetTooSmall(budgetBytes: -1, neededBytes: 128)) {
            _ = try RigidPagePool(budgetBytes: -1, pageBytes: 64).capacity
        }
    }

    @Test func reportsAnAddressSpaceThatTheSystemRefuses() {
        #expect {
            _ = try RigidPagePool(budgetBytes: Int.max, pageBytes: 1 << 24).capacity
        } throws: { error in
            guard case .cannotMapArena? = error as? CacheError else { return false }
            return true
        }
    }

    @Test func reservesAddressesWithoutTouchingThem() throws {
        // 64 GB of budget: would be killed or refused if pages were touched or committed.
        var pool = try RigidPagePool(budgetBytes: 64 << 30, pageBytes: 4096)
        let page = try pool.take()
        let (bytes, held) = (pool.bytes(of: page), pool.heldBytes)
        #expect(bytes.allSatisfy { $0 == 0 } && held == 4096 + 64)
    }

    @Test func handsOutZeroedPagesWithEmptyPositions() throws {
        var pool = try RigidPagePool(budgetBytes: 4 * 128, pageBytes: 64)
        for _ in 0..<3 {
            let page = try pool.take()
            let (bytes, positions) = (pool.bytes(of: page), pool.slots(of: page))
            #expect(bytes.allSatisfy { $0 == 0 } && positions.allSatisfy { $0 == -1 })
            pool.pointer(to: page).initializeMemory(as: UInt8.self, repeating: 0xFF, count: 64)
            pool.positions(of: page)[3] = 9
            pool.release(page)
        }
        let zeros = [UInt8](UnsafeRawBufferPointer(start: pool.zeroPage, count: 64))
        #expect(zeros.allSatisfy { $0 == 0 })
    }

    @Test func copiesContentAndPositions() throws {
        var pool = try RigidPagePool(budgetBytes: 2 * 128, pageBytes: 64)
        let page = try pool.take()
        pool.pointer(to: page).initializeMemory(as: UInt8.self, repeating: 7, count: 64)
        pool.positions(of: page)[0] = 5
        pool.retain(page)
        let allocated = pool.allocateCopy(of: page)
        let copy = try #require(allocated)
        let (content, positions) = (pool.bytes(of: copy), pool.slots(of: copy))
        #expect(copy != page && content.allSatisfy { $0 == 7 })
        #expect(positions[0] == 5 && positions[1] == -1)
        let counts = (pool.referenceCount(page), pool.referenceCount(copy))
        #expect(counts == (2, 1))
        let refused = pool.allocateCopy(of: page)
        #expect(refused == nil)
    }

    @Test(arguments: [[UInt32(2), 0, 0], [0, 1, 0], [0, 0, 0], [1, 1, 0]])
    func integrityFindsWrongOwners(_ owners: [UInt32]) throws {
        var pool = try RigidPagePool(budgetBytes: 3 * 128, pageBytes: 64)
        _ = try pool.take()
        try pool.checkIntegrity(owners: [1, 0, 0])
        var found: CacheError?
        do { try pool.checkIntegrity(owners: owners) } catch { found = error }
        #expect(found != nil)
    }

    @Test func integrityFindsALostPage() throws {
        var pool = try RigidPagePool(budgetBytes: 3 * 128, pageBytes: 64)
        let page = try pool.take()
        pool.anticipate(-1, ownersOf: page)
        var found: CacheError?
        do { try pool.checkIntegrity(owners: [0, 0, 0]) } catch { found = error }
        #expect(found != nil)
    }

    @Test func releasingAFreePageTraps() async {
        await #expect(processExitsWith: .failure) {
            var pool = try RigidPagePool(budgetBytes: 3 * 128, pageBytes: 64)
            let page = pool.allocate() ?? 0
            pool.release(page)
            pool.release(page)
        }
    }
}
