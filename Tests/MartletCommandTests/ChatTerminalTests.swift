/// A conversation at a terminal: Ctrl-C and signals in every moment of it.

import Foundation
import MartletTestSupport
import Synchronization
import Testing

@testable import MartletCommand

@Suite struct ChatInterruptTests {
    @Test func aSecondHeldBackStopsWhatBeginsNext() async {
        let (stops, givenUp) = (Counter(), Counter())
        let interrupts = ChatInterrupts { givenUp.add() }
        func work() async { await interrupts.working(stoppedBy: { stops.add() }) {} }
        // Nothing is done: it is remembered for what the line does, and forgotten with the line.
        interrupts.hear()
        await work()
        #expect(stops.count == 1 && givenUp.count == 0)
        await interrupts.reading { interrupts.hear() }
        #expect(stops.count == 1 && givenUp.count == 1)
        await work()
        #expect(stops.count == 1)
        // Every answer of a line is stopped once by each.
        await interrupts.working(stoppedBy: { stops.add() }) { interrupts.hear() }
        #expect(stops.count == 2)
        interrupts.hear()
        #expect(stops.count == 2 && givenUp.count == 1)
    }

    private final class Counter: Sendable {
        private let value = Atomic(0)
        var count: Int { value.load(ordering: .relaxed) }
        func add() { value.add(1, ordering: .relaxed) }
    }
}

@Suite(.serialized, .enabled(if: PseudoTerminal.martlet != nil)) struct ChatTerminalTests {
    /// Without the tracer of the Swift runtime, which would ask at the terminal what to do with a program that ends so.
    private static let environment = [
        "TERM": "xterm", "PATH": "/usr/bin:/bin", "SWIFT_BACKTRACE": "enable=no",
    ]

    private static let never = ["--max-tokens", "100000", "--ignore-eos"]

    private static func chat(_ options: [String] = never) throws -> [String] {
        let martlet = try #require(PseudoTerminal.martlet)
        return [martlet, "chat", "random:tiny", "--no-history"] + options
    }

    private static func start(
        _ arguments: [String], _ environment: [String: String] = environment
    ) throws -> PseudoTerminal {
        let terminal = try PseudoTerminal(arguments, environment: environment)
        #expect(terminal.shows("> "))
        return terminal
    }

    /// Ctrl-C as a key and as a signal.
    @Test(arguments: [false, true]) func interruptsStopAnswersAndLines(isSignal: Bool) throws {
        let terminal = try Self.start(try Self.chat())
        func interrupt() { isSignal ? terminal.send(SIGINT) : terminal.type("\u{3}") }
        terminal.type("half")
        #expect(terminal.shows("half"))
        interrupt()
        #expect(terminal.shows("^C") && terminal.shows("> "))
        interrupt()
        #expect(terminal.shows("Ctrl-D or /quit leaves."))
        terminal.type("question\r")
        #expect(terminal.shows("><"))
        interrupt()
        #expect(terminal.shows("ended by cancelled") && terminal.shows("> "))
        // With the Enter, and behind it: before anything is answered.
        terminal.type("again\r\u{3}")
        #expect(terminal.shows("ended by cancelled") && terminal.shows("> "))
        terminal.type("/quit\r")
        #expect(terminal.end() == .exited(0))
        #expect(terminal.isCooked)
    }

    /// A terminal that cannot be drawn on edits its lines itself.
    @Test func interruptsStopAnswersOnADumbTerminal() throws {
        let terminal = try Self.start(try Self.chat(), ["TERM": "dumb"])
        terminal.type("half\u{3}")
        #expect(terminal.shows("^C") && terminal.shows("> "))
        terminal.type("question\n")
        #expect(terminal.shows("><"))
        terminal.type("\u{3}")
        #expect(terminal.shows("ended by cancelled") && terminal.shows("> "))
        terminal.type("/quit\n")
        #expect(terminal.end() == .exited(0))
    }

    /// Short answers, commands and Ctrl-C at moments that only chance chooses.
    @Test func noInterruptEndsAConversation() throws {
        let terminal = try Self.start(try Self.chat(["--max-tokens", "3", "--ignore-eos"]))
        var numbers = SeededGenerator(seed: 7)
        let lines = ["a", "/budget 2MB", "b", "/policy dense", "/retry", "/info", "/clear"]
        for round in 0..<80 {
            terminal.type(lines[round % lines.count] + "\r")
            terminal.read(milliseconds: 0)
            usleep(UInt32(numbers.below(20_000)))
            terminal.type("\u{3}")
            if round % 8 == 0 { terminal.send(SIGINT) }
            usleep(UInt32(numbers.below(4000)))
        }
        #expect(terminal.ending() == nil)
        var ending: PseudoTerminal.Ending?
        for _ in 0..<100 where ending == nil {
            terminal.type("\u{3}")
            _ = terminal.waits(seconds: 0.1) { false }
            terminal.type("/quit\r")
            ending = terminal.end(seconds: 0.3)
        }
        #expect(ending == .exited(0), "\(terminal.shown.suffix(400))")
        #expect(terminal.isCooked)
    }

    /// Signals that end the program leave the terminal as it was, at the prompt and while an answer comes.
    @Test(arguments: [SIGTERM, SIGHUP, SIGQUIT], [false, true])
    func deadlySignalsLeaveTheTerminal(signal: Int32, isAnswering: Bool) throws {
        let terminal = try Self.start(try Self.chat())
        #expect(!terminal.isCooked)
        if isAnswering {
            terminal.type("question\r")
            #expect(terminal.shows("><"))
        }
        terminal.send(signal)
        #expect(terminal.end() == (signal == SIGTERM ? .exited(143) : .signalled(signal)))
        #expect(terminal.isCooked)
    }

    /// Ctrl-Z and SIGTSTP give the terminal to the shell; the conversation goes on when it has it again.
    @Test(arguments: [false, true], [false, true])
    func aConversationIsSuspended(isSignal: Bool, isAnswering: Bool) throws {
        let command = try Self.chat().joined(separator: "' '")
        let script = "set -m; '\(command)'; echo stopped $?; read x; fg; echo ended $?"
        let terminal = try Self.start(["/bin/sh", "-c", script])
        terminal.type(isAnswering ? "question\r" : "half")
        #expect(terminal.shows(isAnswering ? "><" : "half"))
        isSignal ? terminal.send(SIGTSTP) : terminal.type("\u{1A}")
        #expect(terminal.shows("stopped"))
        #expect(terminal.isCooked)
        terminal.type("\n")
        if isAnswering {
            #expect(terminal.shows("><"))
            #expect(terminal.waits { !terminal.isCooked })
            terminal.type("\u{3}")
            #expect(terminal.shows("ended by cancelled"))
        }
        #expect(terminal.shows("> "))
        #expect(terminal.waits { !terminal.isCooked })
        terminal.type("\u{3}/quit\r")
        #expect(terminal.shows("ended 0"))
        #expect(terminal.end() == .exited(0))
        #expect(terminal.isCooked)
    }

    /// A conversation that lies in the background ends there, and does not wait for the terminal.
    @Test func aSuspendedConversationEndsInTheBackground() throws {
        let command = try Self.chat().joined(separator: "' '")
        let script =
            "set -m; '\(command)'; echo stopped; bg; read x; kill %1; wait %1; echo ended $?"
        let terminal = try Self.start(["/bin/sh", "-c", script])
        terminal.type("\u{1A}")
        #expect(terminal.shows("stopped"))
        #expect(terminal.isCooked)
        terminal.type("\n")
        #expect(terminal.shows("ended 143"), "\(terminal.shown.suffix(400))")
        #expect(terminal.isCooked)
    }
}
