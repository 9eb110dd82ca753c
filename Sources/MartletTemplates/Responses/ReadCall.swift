/// Calls as they are read.

import MartletJSON

/// A call that was read; the identifier is nil where the model gives none.
struct ReadCall: Equatable {
    var id: String?
    let name: String
    let arguments: JSONObject
}

extension ReadCall {
    /// The arguments in JSON.
    var serialized: [UInt8] { JSONValue.object(arguments).serialized() }
}

/// The members of an object as they are read: the last of several with one key counts.
struct CallMembers {
    private var members: [JSONObject.Member] = []
    private var places: [[UInt8]: Int] = [:]

    mutating func set(_ key: String, _ value: JSONValue) {
        let member = JSONObject.Member(key: key, value: value)
        if let place = places[Array(key.utf8)] {
            members[place] = member
        } else {
            places[Array(key.utf8)] = members.count
            members.append(member)
        }
    }

    func contains(_ key: String) -> Bool { places[Array(key.utf8)] != nil }

    var object: JSONObject { JSONObject(members) }
}
