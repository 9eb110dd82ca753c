/// Who compiles constraints, for how long, and how many are kept.

import MartletConstraints
import Testing

@testable import Martlet

@Suite struct ConstraintCompilationTests {
    private func masks(
        timeLimit: Duration = .seconds(60), byteLimit: Int = 256 << 20
    ) -> ConstraintMasks {
        ConstraintMasks(
            .bytes(vocabularySize: 257), endTokens: [256], vocabularySize: 257,
            timeLimit: timeLimit,
            byteLimit: byteLimit)
    }

    /// Takes seconds to compile.
    private static func slow(_ number: Int = 0) -> Constraint {
        .regex("\(number)" + String(repeating: "a?", count: 3000) + "z")
    }

    @Test func aCompilationHasItsTime() async throws {
        let start = ContinuousClock.now
        let short = masks(timeLimit: .milliseconds(30))
        let error = await #expect(throws: MartletError.self) {
            try await short.compiled(Self.slow())
        }
        #expect(error?.code == .invalidParameter)
        #expect(error?.message.contains("not done after 0.03 seconds") == true, "\(error as Any)")
        #expect(throws: MartletError.self) { try short.mask(Self.slow()) }
        // The loops look at the clock: nothing is computed to its end.
        #expect(start.duration(to: .now) < .seconds(5))
        #expect(short.kept.count == 0)
        _ = try await masks().compiled(.regex("a+"))
    }

    @Test func whoIsGoneIsNotWaitedFor() async throws {
        let masks = masks()
        let start = ContinuousClock.now
        let tasks = (0..<4).map { number in
            Task { try await masks.compiled(Self.slow(number)) }
        }
        try await Task.sleep(for: .milliseconds(50))
        for task in tasks { task.cancel() }
        for task in tasks {
            switch await task.result {
            case .success: Issue.record("it was compiled")
            case .failure(let error): #expect((error as? MartletError)?.code == .cancelled)
            }
        }
        #expect(start.duration(to: .now) < .seconds(5))
        // What was given up is compiled anew for whoever asks next, and places are free again.
        _ = try await masks.compiled(.regex("b+"))
        #expect(masks.kept.count == 1)
    }

    @Test func oneCompilationServesAllWhoWait() async throws {
        let masks = masks()
        let constraint = Constraint.choice((0..<3000).map { "choice \($0 * 7919)" })
        let made = try await withThrowingTaskGroup(of: ConstraintMask.self) { group in
            for _ in 0..<8 { group.addTask { try await masks.compiled(constraint) } }
            var made: [ConstraintMask] = []
            for try await mask in group { made.append(mask) }
            return made
        }
        #expect(made.count == 8)
        #expect(made.allSatisfy { $0.constraint === made[0].constraint })
        #expect(try masks.mask(constraint).constraint === made[0].constraint)
    }

    @Test func whatIsKeptIsBounded() async throws {
        let one = masks()
        _ = try one.mask(.choice((0..<500).map { "text \($0)" }))
        let bytes = one.kept.bytes
        #expect(bytes > 10_000)
        let masks = masks(byteLimit: 3 * bytes + bytes / 2)
        for number in 0..<10 {
            _ = try await masks.compiled(.choice((0..<500).map { "text \($0) \(number)" }))
            #expect(masks.kept.bytes <= 3 * bytes + bytes / 2)
        }
        #expect((1...4).contains(masks.kept.count))
        // The latest is there still.
        let latest = Constraint.choice((0..<500).map { "text \($0) 9" })
        let mask = try masks.mask(latest)
        #expect(try masks.mask(latest).constraint === mask.constraint)
    }
}
