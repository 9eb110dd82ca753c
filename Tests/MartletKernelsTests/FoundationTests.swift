// Instruction sets, buffers and random numbers.

import Foundation
import Testing

@testable import MartletKernels

@Suite struct FoundationTests {
    @Test func portableIsAlwaysAvailable() throws {
        #expect(InstructionSet.available.first == .portable)
        let fastest = try InstructionSet.selected(environment: [:])
        #expect(fastest == InstructionSet.available.last)
        #expect(try InstructionSet.selected(environment: ["MARTLET_ISA": ""]) == fastest)
    }

    @Test(arguments: InstructionSet.available)
    func aSetCanBeForced(set: InstructionSet) throws {
        #expect(try InstructionSet.selected(environment: ["MARTLET_ISA": set.rawValue]) == set)
        #expect(KernelSet(set).instructionSet == set)
    }

    @Test func anUnknownSetIsAnError() {
        let error = #expect(throws: KernelError.self) {
            try InstructionSet.selected(environment: ["MARTLET_ISA": "avx3"])
        }
        #expect(error == .unknownInstructionSet(name: "avx3"))
        #expect(error?.description.contains("portable") == true)
    }

    @Test(arguments: [0, 1, 15, 16, 1000, 300_000])
    func buffersAreAlignedZeros(count: Int) throws {
        let buffer = try AlignedBuffer<Float>(count: count)
        #expect(UInt(bitPattern: buffer.base) % 64 == 0)
        #expect(buffer.count == count && buffer.pointer.count == count)
        var isZero = true
        for i in stride(from: 0, to: count, by: 7) { isZero = isZero && buffer.base[i] == 0 }
        #expect(isZero)
        if count > 0 { buffer.base[count - 1] = 1 }
    }

    @Test func aBufferTooLargeIsAnError() {
        #expect(throws: KernelError.self) {
            _ = try AlignedBuffer<UInt8>(count: 1 << 56, purpose: "a test")
        }
    }

    @Test func randomNumbersAreSeeded() {
        func take(_ seed: UInt64, _ stream: UInt64) -> [UInt64] {
            var random = CounterRandom(seed: seed, stream: stream)
            return (0..<100).map { _ in random.next() }
        }
        #expect(take(1, 0) == take(1, 0))
        #expect(Set(take(1, 0) + take(2, 0) + take(1, 1) + take(0, 1)).count == 400)
        var random = CounterRandom(seed: 1)
        let floats = random.floats(10_000)
        #expect(floats.allSatisfy { $0 >= -1 && $0 < 1 })
        #expect(abs(floats.reduce(0, +) / 10_000) < 0.03)
        #expect((0..<1000).allSatisfy { _ in (0..<1).contains(random.unit()) })
    }
}
