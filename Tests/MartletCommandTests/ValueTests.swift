/// Values of options: what they accept, and what they say when they do not.

import Martlet
import Testing

@testable import MartletCommand

@Suite struct ValueTests {
    @Test func numberLists() throws {
        #expect(try NumberList(parsing: "512,2048").values == [512, 2048])
        #expect(try NumberList(parsing: "1, 2").values == [1, 2])
        #expect(try NumberList(parsing: "").values.isEmpty)
        for wrong in ["1,", ",1", "a", "-1", "1.5", " "] {
            #expect(throws: Expected.self) { try NumberList(parsing: wrong) }
        }
    }

    @Test func tokenLists() throws {
        #expect(try TokenList(parsing: "1,2,3").tokens == [1, 2, 3])
        #expect(throws: Expected.self) { try TokenList(parsing: "2147483648") }
    }

    @Test(arguments: [
        ("4096", 4096), ("64MB", 64_000_000), ("1.5GiB", 1_610_612_736), ("1 kb", 1000), ("7B", 7),
    ])
    func byteCounts(text: String, bytes: Int) throws {
        #expect(try ByteCount(parsing: text).bytes == bytes)
    }

    @Test(arguments: ["", "MB", "-1", "1e400", "nan", "inf", "1XB", "9999999999TB"])
    func wrongByteCounts(text: String) {
        #expect(throws: Expected.self) { try ByteCount(parsing: text) }
    }

    @Test func stopTokens() throws {
        #expect(try StopToken(parsing: "151645") == .id(151645))
        #expect(try StopToken(parsing: "<|im_end|>") == .text("<|im_end|>"))
        #expect(try StopToken(parsing: "99999999999") == .text("99999999999"))
        #expect(throws: Expected.self) { try StopToken(parsing: "") }
    }

    @Test func logitBiases() throws {
        #expect(try LogitBias(parsing: "13=-5").bias == -5)
        #expect(try LogitBias(parsing: "13=-inf").bias == -.infinity)
        for wrong in ["13", "=1", "a=1", "13=x"] {
            #expect(throws: Expected.self) { try LogitBias(parsing: wrong) }
        }
    }
}
