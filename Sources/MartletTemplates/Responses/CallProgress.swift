/// What is known of calls before their text is complete.

import MartletJSON

/// Calls of which the beginning is known, their arguments as they will be written in JSON.
struct CallProgress: Sendable {
    struct Call: Sendable, Equatable {
        let name: String
        var arguments: [UInt8] = []
    }

    private(set) var calls: [Call] = []
    /// The beginning of a text that is the value being read, where it is one.
    var partialText: String?

    /// A call begins.
    mutating func begin(_ name: String) { calls.append(Call(name: name)) }

    /// More of the last call's arguments, as JSON.
    mutating func add(_ bytes: [UInt8]) {
        guard !calls.isEmpty else { return }
        calls[calls.count - 1].arguments += bytes
    }

    /// The last call's next argument.
    mutating func add(_ key: String, _ value: JSONValue) {
        partialText = nil
        add(beginning(key) + value.serialized())
    }

    /// The last call's next argument, of which ``partialText`` is known.
    mutating func addPartialText(_ key: String) {
        guard let partialText else { return }
        add(beginning(key) + JSONValue.string(partialText).serialized().dropLast())
        self.partialText = nil
    }

    private func beginning(_ key: String) -> [UInt8] {
        let sign = calls.last?.arguments.isEmpty == false ? "," : "{"
        return Array(sign.utf8) + JSONValue.string(key).serialized() + [UInt8(ascii: ":")]
    }

    /// Calls that are complete, where others may follow.
    mutating func add(_ complete: [ReadCall]) {
        for call in complete { calls.append(Call(name: call.name, arguments: call.serialized)) }
    }

    /// Calls of a text in JSON.
    mutating func add(_ found: [Call]) { calls += found }
}

/// Tells of calls while they are being read, and takes back what was none.
struct CallAnnouncer: Sendable {
    /// The number of complete calls.
    private var completeCount = 0
    /// What was told of calls that are not complete.
    private var told: [CallProgress.Call] = []

    /// Tells what is new.
    mutating func tell(_ progress: CallProgress, _ output: inout ResponseOutput) {
        for (place, call) in progress.calls.enumerated() {
            let index = completeCount + place
            if place == told.count {
                told.append(CallProgress.Call(name: call.name))
                output.add(ToolCallDelta(index: index, name: call.name))
            }
            // What contradicts is put right when the call is complete.
            let known = told[place].arguments
            guard told[place].name == call.name, call.arguments.count > known.count,
                call.arguments.starts(with: known)
            else { continue }
            told[place].arguments = call.arguments
            output.add(
                ToolCallDelta(
                    index: index,
                    arguments: String(decoding: call.arguments[known.count...], as: UTF8.self)))
        }
    }

    /// Tells the rest of calls that are complete, and the calls.
    mutating func complete(_ calls: [ReadCall], _ output: inout ResponseOutput) {
        for (place, call) in calls.enumerated() {
            let index = completeCount + place
            let arguments = call.serialized
            var known: [UInt8]?
            if place < told.count {
                known = told[place].arguments
                if told[place].name != call.name || !arguments.starts(with: told[place].arguments) {
                    output.add(ToolCallDelta(index: index, isWithdrawn: true))
                    known = nil
                }
            }
            let rest = arguments[(known?.count ?? 0)...]
            if known == nil || !rest.isEmpty {
                output.add(
                    ToolCallDelta(
                        index: index, name: known == nil ? call.name : nil,
                        arguments: String(decoding: rest, as: UTF8.self)))
            }
            output.add(call)
        }
        withdraw(from: calls.count, &output)
        completeCount += calls.count
    }

    /// Takes back what was told of calls that are none.
    mutating func withdraw(from place: Int = 0, _ output: inout ResponseOutput) {
        for place in told.indices.dropFirst(place) {
            output.add(ToolCallDelta(index: completeCount + place, isWithdrawn: true))
        }
        told = []
    }
}
