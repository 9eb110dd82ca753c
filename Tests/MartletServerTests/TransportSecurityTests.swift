/// TLS: what is said where there is none, and who is told of wrong files.

import Foundation
import Martlet
import MartletServer
import Testing

@Suite struct TransportSecurityTests {
    @Test func whatCannotBeUsedIsSaid() {
        let error = #expect(throws: MartletError.self) {
            _ = try TransportSecurity(certificate: "/nowhere/cert.pem", key: "/nowhere/key.pem")
        }
        #if TLS
            #expect(error?.message.contains("/nowhere/cert.pem") == true)
        #else
            #expect(error?.message.contains("--traits TLS") == true)
        #endif
    }
}
