/// Documents as version 1 wrote them; the breaks of lines are ours.
extension CodecFixture {
  static let planVersion1 = #"""
    {"schema":"cacheconsole.plan","version":1,"id":"20261125T165512-3f9a0c",
    "hash":"b65238af37962fecf3865527959ac6f69e780b060af0d5376569c3cff5097b7d",
    "created":"2026-11-25T16:55:12.000001Z","environment":{"name":"shop",
    "class":"production"},"author":{"user":"maja","uid":1000,"role":"operator","host":"ops-1",
    "terminal":"pts/3","from":"10.0.0.7","version":"0.3"},
    "request":{"action":{"kind":"invalidate"},"target":{"kind":"pattern",
    "pattern":"product:*"},"nodes":["a"],"includes_sessions":false,"keeps_copy":true,"copies_guarded":false,
    "pace":{"keys_per_second":20000,"full":false,"concurrency":16},"reason":"INC-7"},
    "preview":{"keys":{"low":900,"value":1000,"high":1100},"bytes":123456,
    "shards":[{"node":"a","address":"[::1]:6379","run_id":"0af","size":"18446744073709551615",
    "keys":{"exact":12},"bytes":1}],"types":[{"name":"string","keys":990}],
    "data_types":[{"name":"product","keys":1000}],"lives":[{"name":"< 1 min","keys":3}],
    "idle":[{"name":"≥ 1 d","keys":4}],"logged_out":{"exact":2},"sessions_left_out":7,
    "large_strings":[{"key":{"base64":"/w=="},"bytes":12582912}],
    "dependents":["search pages"],"sample":["product:1",{"base64":"AP8="}],
    "commands":["UNLINK product:1"],"warnings":["one"],"complete":false,"progress":0.25}}
    """#

  static let statusVersion1 = #"""
    {"schema":"cacheconsole.operation","version":1,"id":"20261125T165512-3f9a0c",
    "title":"invalidate \u001b[2J","environment":"shop","author":{"user":"maja","uid":1000,
    "role":"operator","host":"ops-1","terminal":"pts/3","from":"10.0.0.7","version":"0.3"},
    "reason":"INC-7","plan_hash":"ab","state":"verifying",
    "started":"2026-11-25T16:55:12.000001Z","updated":"2026-11-25T16:55:13.500000Z",
    "finished":"2026-11-25T16:55:14.000000Z","expected":"1152921504606846976",
    "shards":[{"node":"a","state":"paused","size":"18446744073709551615","visited":1,
    "changed":2,"skipped":3,"failed":4,"indeterminate":5,"bytes":6,"fault":"gone"}],
    "rate":1234.5,"eta_seconds":0.25,"note":"slower","verdict":{"gone":1,"reborn":2,
    "still_there":3,"unknown":4,"as_asked":5,"checked":6,"at":"2026-11-25T16:55:14.000000Z",
    "fresh":true,"text":"fresh"},"copies":3,"fence":2,"runner":"ops-1:77"}
    """#
}
