/// Who waits stands in order, leaves once, and is in nobody's way after.

import Martlet
import Synchronization
import Testing

@Suite struct WaitingQueueTests {
    private enum Refusal: Error { case full, cancelled, late }
    private typealias Queue = WaitingQueue<String, Int, Refusal>

    private static func queue(limit: Int = .max) -> Queue {
        Queue(limit: limit, full: .full, cancelled: .cancelled)
    }

    /// Waits in a task of its own, and returns when it stands in the queue.
    private static func wait(
        _ wish: String, in queue: Queue, isBackground: Bool = false
    ) async -> Task<Int, any Error> {
        let count = queue.count
        let task = Task {
            try await queue.wait(for: wish, isBackground: isBackground) { _ in }
        }
        while queue.count == count { await Task.yield() }
        return task
    }

    @Test func theOrderIsThatOfArrivalAndTheBackgroundComesLast() async throws {
        let queue = Self.queue()
        var tasks: [Task<Int, any Error>] = []
        for (wish, isBackground) in [("a", false), ("b", true), ("c", false), ("d", true)] {
            tasks.append(await Self.wait(wish, in: queue, isBackground: isBackground))
        }
        #expect(queue.all.map(\.wish) == ["a", "c", "b", "d"])
        #expect(queue.first?.wish == "a" && queue.first?.isBackground == false)
        // Whoever stands anywhere can be served.
        let third = queue.all[2]
        #expect(queue.serve(third.id) { 3 })
        #expect(try await tasks[1].value == 3)
        // And nobody twice: what would be given is not made.
        #expect(
            !queue.serve(third.id) {
                Issue.record("made for nobody"); return 4
            })
        #expect(!queue.refuse(third.id, .late))
        #expect(queue.refuse(queue.all[1].id, .late))
        await #expect(throws: Refusal.late) { try await tasks[2].value }
        #expect(queue.all.map(\.wish) == ["a", "d"])
        queue.refuseAll(.full)
        for task in [tasks[0], tasks[3]] {
            await #expect(throws: Refusal.full) { try await task.value }
        }
        #expect(queue.count == 0 && queue.first == nil)
    }

    @Test func whoIsCancelledLeaves() async throws {
        let queue = Self.queue()
        let first = await Self.wait("a", in: queue)
        let second = await Self.wait("b", in: queue)
        first.cancel()
        await #expect(throws: Refusal.cancelled) { try await first.value }
        #expect(queue.all.map(\.wish) == ["b"])
        // Cancelled before it stands there.
        let early = Task {
            withUnsafeCurrentTask { $0?.cancel() }
            return try await queue.wait(for: "c") { _ in }
        }
        await #expect(throws: Refusal.cancelled) { try await early.value }
        #expect(queue.all.map(\.wish) == ["b"])
        queue.serve(queue.all[0].id) { 7 }
        #expect(try await second.value == 7)
    }

    @Test func tooManyOfAKindAreRefusedAtOnce() async throws {
        let queue = Self.queue(limit: 1)
        let first = await Self.wait("a", in: queue)
        await #expect(throws: Refusal.full) { try await queue.wait(for: "b") { _ in } }
        // The background has places of its own.
        let batch = await Self.wait("c", in: queue, isBackground: true)
        await #expect(throws: Refusal.full) {
            try await queue.wait(for: "d", isBackground: true) { _ in }
        }
        #expect(queue.all.map(\.wish) == ["a", "c"])
        queue.refuseAll(.late)
        for task in [first, batch] {
            await #expect(throws: Refusal.late) { try await task.value }
        }
    }

    @Test func whatRunsBesideKnowsWhoAndEndsWithTheWait() async throws {
        let queue = Self.queue()
        await #expect(throws: Refusal.late) {
            try await queue.wait(for: "a") { id in
                #expect(queue.first?.id == id)
                queue.refuse(id, .late)
            }
        }
        let ended = Mutex(false)
        let served = Task {
            try await queue.wait(for: "b") { id in
                queue.serve(id) { 5 }
                try? await Task.sleep(for: .seconds(600))
                ended.withLock { $0 = Task.isCancelled }
            }
        }
        #expect(try await served.value == 5)
        while !ended.withLock({ $0 }) { await Task.yield() }
    }

    /// Many who wait, give up and are served at once: each hears exactly one thing, and nobody stays behind.
    @Test(arguments: [UInt64(1), 2]) func aCrowdLeavesNobodyBehind(seed: UInt64) async throws {
        let queue = Self.queue()
        let server = Task {
            while !Task.isCancelled {
                if let first = queue.first { queue.serve(first.id) { first.id } }
                await Task.yield()
            }
        }
        let heard = await withTaskGroup(of: Int.self) { group in
            for number in 0..<200 {
                group.addTask {
                    let task = Task {
                        try await queue.wait(
                            for: "\(number)", isBackground: number % 3 == 0
                        ) { _ in }
                    }
                    if (UInt64(number) &* 0x9E37_79B9 &+ seed) % 4 == 0 { task.cancel() }
                    do { _ = try await task.value } catch {
                        #expect(error as? Refusal == .cancelled)
                    }
                    return 1
                }
            }
            return await group.reduce(0, +)
        }
        server.cancel()
        #expect(heard == 200 && queue.count == 0)
    }
}
