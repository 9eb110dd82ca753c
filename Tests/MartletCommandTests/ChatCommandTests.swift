/// The commands of a conversation, and the files that they write.

import Foundation
import Martlet
import MartletFormats
import Testing

@testable import MartletCommand

@Suite struct ChatCommandTests {
    @Test func everyCommandIsListedAndFound() throws {
        var names: Set<String> = []
        for command in ChatCommand.all {
            #expect(
                ChatCommand.help.contains(
                    command.name + (command.value.isEmpty ? " " : " " + command.value)))
            for name in command.names {
                #expect(names.insert(name).inserted, "\(name) twice")
                let (found, value) = try ChatCommand.parse("/\(name)  a b ")
                #expect(found.name == command.name && value == "a b")
            }
        }
        #expect(ChatCommand.help.split(separator: "\n").allSatisfy { $0.count < 120 })
    }

    @Test(
        arguments: [
            ("sav", "save"), ("svae", "save"), ("polcy", "policy"), ("undoo", "undo"),
            ("HELP", "help"),
            ("budge", "budget"), ("tho", "thoughts"), ("xyzzy", nil), ("", nil), ("s", nil),
        ])
    func theNearestCommandIsNamed(word: String, expected: String?) {
        #expect(ChatCommand.nearest(to: word) == expected)
        let error = #expect(throws: MartletError.self) { try ChatCommand.parse("/\(word) x") }
        #expect(error?.message.contains("/help") == true)
        #expect(error?.message.contains("/\(expected ?? "—") is one") == (expected != nil))
    }

    /// The guide has every command.
    @Test func theGuideHasEveryCommand() throws {
        let guide = URL(filePath: #filePath).deletingLastPathComponent()
            .appending(path: "../../Sources/Martlet/Martlet.docc/Chat.md")
        let text = try String(contentsOf: guide, encoding: .utf8)
        for command in ChatCommand.all {
            #expect(text.contains("`\(command.name)"), "\(command.name)")
        }
        for setting in ChatSetting.names { #expect(text.contains("`\(setting)`"), "\(setting)") }
    }

    @Test func settingsTakeValues() throws {
        var (options, prompt) = (GenerationOptions(), PromptOptions())
        let good = [
            ("temperature", "0.5"), ("top-p", "0.9"), ("min-p", "0.05"), ("top-k", "40"),
            ("max-tokens", "64"), ("max-tokens", "default"), ("seed", "7"), ("seed", "any"),
            ("think", "off"), ("think", "default"),
        ]
        for (name, value) in good {
            let setting = try #require(ChatSetting.all.first { $0.name == name })
            #expect(setting.take(value, &options, &prompt), "\(name) \(value)")
            #expect(setting.shown(options, prompt) == value, "\(name) \(value)")
        }
        for (name, value) in [
            ("temperature", "-1"), ("temperature", "nan"), ("temperature", ""), ("top-p", "0"),
            ("top-k", "-1"), ("max-tokens", "0"), ("seed", "-1"), ("think", "maybe"),
            ("min-p", "2"),
        ] {
            let setting = try #require(ChatSetting.all.first { $0.name == name })
            #expect(!setting.take(value, &options, &prompt), "\(name) \(value)")
        }
        #expect(options.temperature == 0.5 && options.topK == 40 && prompt.thinks == nil)
    }

    @Test func aConversationIsReadAsItWasWritten() throws {
        let call = ToolCall(id: "1", name: "f", arguments: #"{"a":"é\n"}"#)
        let messages = [
            Message(.system, "Be brief.\nPlease."),
            Message(.user, "a \"b\" 日本"),
            Message(.assistant, "", reasoning: "hm", toolCalls: [call]),
            Message.toolResult("ok", for: call), Message(.assistant, "Done."),
        ]
        let bytes = ConversationFile.bytes(messages)
        #expect(bytes.split(separator: 0x0A).count == messages.count)
        #expect(try ConversationFile.messages(bytes, name: "f") == messages)
        // An array, contents in parts, arguments as an object, empty lines.
        let other = #"""
            [{"role": "user", "content": [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]},
             {"role": "assistant", "content": null,
              "tool_calls": [{"function": {"name": "f", "arguments": {"a": 1}}}]}]
            """#
        let read = try ConversationFile.messages(Array(other.utf8), name: "f")
        #expect(
            read.map(\.text) == ["ab", ""] && read[1].toolCalls.first?.arguments == #"{"a":1}"#)
        #expect(try ConversationFile.messages(Array("\n \n".utf8), name: "f").isEmpty)
        for (text, place) in [
            ("x", "line 1"), ("\n{\"role\": \"nobody\"}", "line 2"), ("{}", "line 1"),
            ("[", "the text"),
            ("[{\"role\": \"user\"}, 3]", "message 2"),
            (#"{"role": "user", "content": 1}"#, "line 1"),
            (#"{"role": "user", "content": [{"type": "image"}]}"#, "line 1"),
            (#"{"role": "assistant", "tool_calls": [{}]}"#, "line 1"),
        ] {
            let error = #expect(throws: MartletError.self) {
                try ConversationFile.messages(Array(text.utf8), name: "file")
            }
            #expect(
                error?.code == .malformedFile && error?.message.contains(place) == true, "\(text)")
        }
    }

    @Test func toolsAreReadAsAPIsTakeThem() throws {
        let text = #"""
            [{"type": "function", "function": {"name": "f", "description": "d", "parameters": {"type": "object"}}},
             {"name": "g"}]
            """#
        let tools = try ToolFile.tools(Array(text.utf8), name: "file")
        #expect(tools.map(\.name) == ["f", "g"] && tools.map(\.description) == ["d", ""])
        #expect(tools[0].parameters["type"]?.stringValue == "object")
        for (text, place) in [
            ("{}", "the text"), ("[", "the text"), ("[{}]", "tool 1"),
            (#"[{"name": "f"}, 1]"#, "tool 2"),
            (#"[{"name": "f", "parameters": 1}]"#, "tool 1"),
            (#"[{"name": "f"}, {"name": "f"}]"#, "tool 2"),
        ] {
            let error = #expect(throws: MartletError.self) {
                try ToolFile.tools(Array(text.utf8), name: "file")
            }
            #expect(
                error?.code == .malformedFile && error?.message.contains(place) == true, "\(text)")
        }
    }
}
