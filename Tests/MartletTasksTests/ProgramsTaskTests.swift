/// Programs that a model writes: what passes, what does not, and what no program may do to a machine.

import Foundation
import Synchronization
import Testing

@testable import MartletTasks

private let hasPython = ProgramRunner(seconds: 5).works

/// HumanEval as published, if a developer has it beside the package.
private let humanEval: String? = {
    var parts = #filePath.split(separator: "/", omittingEmptySubsequences: false)
    parts.removeLast(4)
    let path = parts.joined(separator: "/") + "/shared/data/eval/humaneval/HumanEval.jsonl.gz"
    return FileManager.default.fileExists(atPath: path) ? path : nil
}()

@Suite struct ProgramsTaskTests {
    private static let line =
        #"{"task_id":"T/0","prompt":"def twice(x):\n","entry_point":"twice","#
        + #""canonical_solution":"    return 2 * x\n","#
        + #""test":"def check(candidate):\n    assert candidate(4) == 8\n"}"#

    private func task(
        _ text: String, form: String = "programs(seconds=1)"
    ) throws -> any EvaluationTask {
        let path = NSTemporaryDirectory() + "/martlet-programs-\(UUID().uuidString)"
        defer { try? FileManager.default.removeItem(atPath: path) }
        try Data(text.utf8).write(to: URL(filePath: path))
        return try TaskLocator.task("\(form):\(path)", allowsPrograms: true)
    }

    private func sample(_ task: any EvaluationTask, _ index: Int = 0) -> TaskSample {
        task.sample(seed: 1, index: index, split: .heldOut)
    }

    @Test(
        .enabled(if: hasPython),
        arguments: [
            ("    return 2 * x\n", 1.0), ("    return x + x", 1), ("    return x * x\n", 0),
            // What comes after the function is not part of it, as in HumanEval's harness.
            ("    return x + x\n\ndef other(): return 1 +", 1), ("    return x + x\nprint(", 1),
            // Neither nothing nor half a program passes.
            ("", 0), ("\n", 0), ("    return (x + x\n", 0), ("return x + x\n", 0),
            // Who leaves before the tests has not passed them.
            ("    import sys; sys.exit(0)\n", 0), ("    import os; os._exit(0)\n", 0),
            ("    raise SystemExit\n", 0), ("    import os; os.kill(os.getpid(), 9)\n", 0),
            // What a program prints is not asked for.
            ("    print('x' * 1000); return x + x\n", 1),
        ])
    func judgedByTests(continuation: String, score: Double) throws {
        let task = try task(Self.line)
        let sample = sample(task)
        #expect(sample.prompt == "def twice(x):\n")
        #expect(sample.layout.answer(in: sample.completion) == "    return 2 * x\n")
        #expect(task.score(continuation, sample) == score)
    }

    /// Each would fill or hold up the machine.
    @Test(
        .enabled(if: hasPython),
        arguments: [
            "    while True: pass\n", "    return [0] * 10**10 and x + x\n",
            "    open('f', 'w').write('x' * 10**8); return x + x\n",
            "    input(); return x + x\n",
            // Variables of the parent may hold secrets.
            "    import os; return x + x if 'HOME' not in os.environ else 0\n    while True: pass\n",
        ])
    func limited(continuation: String) throws {
        let task = try task(Self.line)
        let expected = continuation.contains("HOME") ? 1.0 : 0
        let clock = ContinuousClock()
        let elapsed = clock.measure {
            #expect(task.score(continuation, sample(task)) == expected)
        }
        #expect(elapsed < .seconds(30))
    }

    @Test(.enabled(if: hasPython))
    func whatAProgramStartedEndsWithIt() throws {
        let task = try task(Self.line)
        let mark = NSTemporaryDirectory() + "/martlet-mark-\(UUID().uuidString)"
        defer { try? FileManager.default.removeItem(atPath: mark) }
        let text = """
                import subprocess
                subprocess.Popen(["/bin/sh", "-c", "sleep 1; echo > '\(mark)'"])
                return x + x

            """
        #expect(task.score(text, sample(task)) == 1)
        Thread.sleep(forTimeInterval: 1.5)
        #expect(!FileManager.default.fileExists(atPath: mark))
    }

    /// HumanEval's own solutions pass its own tests.
    @Test(.enabled(if: hasPython && humanEval != nil))
    func referencesPass() throws {
        let packed = try #require(humanEval)
        let task = try task(try unpacked(packed), form: "programs(seconds=10)")
        let count = try #require(task.problemCount)
        #expect(count == 164)
        let passed = Mutex(0)
        DispatchQueue.concurrentPerform(iterations: count) { index in
            let sample = sample(task, index)
            let score = task.score(sample.completion, sample)
            passed.withLock { $0 += score == 1 ? 1 : 0 }
        }
        #expect(passed.withLock { $0 } == count)
    }

    private func unpacked(_ path: String) throws -> String {
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = ["gunzip", "-c", path]
        let pipe = Pipe()
        process.standardOutput = pipe
        try process.run()
        let data = pipe.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        return String(decoding: data, as: UTF8.self)
    }

    @Test(.enabled(if: hasPython))
    func nothingIsLeftBehind() throws {
        let place = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
        defer { try? FileManager.default.removeItem(at: place) }
        let runner = ProgramRunner(seconds: 1, place: place)
        #expect(runner.passes("open('left', 'w').write('x')"))
        #expect(!runner.passes("open('left', 'w').write('x'); raise ValueError"))
        #expect(try FileManager.default.contentsOfDirectory(atPath: place.path).isEmpty)
    }

    @Test(.enabled(if: hasPython))
    func withoutAFunctionTheTestsAreRunAsTheyAre() throws {
        let text = """
            {"prompt":"a = 1\\n","test":"assert a + b == 3"}

            {"prompt":"a = 2\\n","test":"assert a + b == 3"}
            """
        let task = try task(text, form: "programs")
        #expect(task.problemCount == 2 && task.name.hasPrefix("programs(seconds=3):"))
        #expect(task.score("b = 2\n", sample(task)) == 1)
        #expect(task.score("b = 2\n", sample(task, 1)) == 0)
        #expect(task.isVerified("b = 2\n", prompt: "a = 1\n") == nil)
        #expect(sample(task).layout.extraction.answer(in: "  b = 2\n") == "  b = 2\n")
    }

    @Test(
        .enabled(if: hasPython),
        arguments: [
            ("", "at least one"), ("{\"prompt\":\"a\"}", "line 1: got no test"),
            ("{\"test\":\"a\"}", "no prompt"), ("\n{\"prompt\":\"a\",\"test\":3}", "line 2"),
            ("{\"prompt\":\"a\",\"test\":\"b\",\"entry_point\":\"f(); g\"}", "name of a function"),
            ("{\"prompt\":\"a\",\"test\":\"b\",\"canonical_solution\":[]}", "canonical_solution"),
            ("\u{1F}\u{8B}", "line 1"),
        ])
    func badFilesAreNamedByLine(text: String, word: String) {
        #expect {
            _ = try task(text)
        } throws: { error in
            guard case .badFile = error as? TaskError else { return false }
            return "\(error)".contains(word)
        }
    }

    /// What a program may try, behind the wall and, where there is none, as far as the judge alone holds it.
    @Test(
        .enabled(if: hasPython),
        arguments: [
            // Ends its parent: the verdict is not its parent's to lose behind the wall.
            "    import os; os.kill(os.getppid(), 9); os._exit(86)\n",
            // Says what it likes on whatever is open, and leaves with any status.
            """
                import os
                for i in range(256):
                    try: os.write(i, b'["value", {"i": "0x9"}]\\n')
                    except OSError: pass
                os._exit(86)

            """,
            // Equal to everything.
            """
                class Equal:
                    def __eq__(self, other): return True
                return Equal()

            """,
            // Walks to whoever called it, or reads them.
            """
                import sys, gc
                frame = sys._getframe()
                while frame.f_back: frame = frame.f_back
                frame.f_globals["status"] = 86
                open("/proc/%d/mem" % __import__("os").getppid(), "r+b")
                return 2 * x

            """,
            "    import json; json.dumps = None; return 2 * x\n",
        ], [true, false])
    func noVerdictIsForged(continuation: String, isWalled: Bool) {
        var runner = ProgramRunner(seconds: 2)
        runner.isWalled = runner.isWalled && isWalled
        let frame = "def twice(x):\n"
        let test = "def check(candidate):\n    assert candidate(4) == 8\n"
        #expect(
            !runner.passes(frame + continuation, frame: frame, test: test, function: "twice"))
        #expect(
            runner.passes(
                frame + "    return 2 * x\n", frame: frame, test: test, function: "twice"))
    }

    /// Of a program that leaves its group and its session nothing is left.
    @Test(.enabled(if: hasPython), arguments: [true, false])
    func escapeesEndToo(isWalled: Bool) throws {
        let mark = NSTemporaryDirectory() + "/martlet-mark-\(UUID().uuidString)"
        defer { try? FileManager.default.removeItem(atPath: mark) }
        var runner = ProgramRunner(seconds: 2)
        runner.isWalled = runner.isWalled && isWalled
        let program = """
            def twice(x):
                import os, time
                if os.fork() == 0:
                    os.setsid()
                    if os.fork() == 0:
                        time.sleep(1)
                        open('\(mark)', 'w')
                    os._exit(0)
                return 2 * x

            """
        #if os(Linux)
            #expect(
                runner.passes(
                    program, frame: "", test: "def check(c):\n    assert c(4) == 8\n",
                    function: "twice"))
            Thread.sleep(forTimeInterval: 1.5)
            #expect(!FileManager.default.fileExists(atPath: mark))
        #endif
    }

    /// Values of all kinds and errors come through as they are.
    @Test(.enabled(if: hasPython))
    func valuesComeThrough() {
        let program = """
            def same(x):
                if x == "wrong": raise ValueError("no")
                return x

            """
        let test = """
            def check(candidate):
                for x in [1 << 5000, 2.5, 1j, "\\ud800é", b"x", None, True, (1, [2]), {1: {2}}, range(3), -0.0, frozenset()]:
                    assert repr(candidate(x)) == repr(x)
                try: candidate("wrong")
                except ValueError as error: assert str(error) == "no"
                else: assert False
            """
        #expect(
            ProgramRunner(seconds: 2).passes(program, frame: "", test: test, function: "same"))
    }

    @Test func programsAreNotRunUnasked() throws {
        #expect {
            _ = try TaskLocator.task("programs:/none")
        } throws: { "\($0)".contains("--allow-programs") }
        #expect(TaskLocator.programCaution("programs(seconds=2):/none") != nil)
        #expect(TaskLocator.programCaution("file:/none") == nil)
        #expect {
            _ = try task(Self.line, form: "file")
        } throws: { "\($0)".contains("programs:PATH") }
        #expect {
            _ = try task(Self.line, form: "programs(seconds=0)")
        } throws: { "\($0)".contains("seconds") }
    }

    @Test func packedFilesAreNamed() throws {
        let path = NSTemporaryDirectory() + "/martlet-packed-\(UUID().uuidString).jsonl.gz"
        defer { try? FileManager.default.removeItem(atPath: path) }
        try Data([0x1F, 0x8B, 8, 0]).write(to: URL(filePath: path))
        #expect {
            _ = try TaskLocator.task("file:\(path)")
        } throws: { "\($0)".contains("gunzip") }
    }
}
