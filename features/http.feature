Feature: HTTP
  A post is answered by a healthy node, or at once with an error that says why.

  @integration @http @failover @gateway @topology.1p1b @mode.H1 @promise.answered_once @promise.reads_retried
  Scenario: No post fails while the primary is killed
    Given 10 HTTP clients post 10 requests per second each
    When the node in use suffers kill of every lane for 3 seconds
    Then el-1-primary should be asked for eth_call over HTTP again within 3 seconds
    And every HTTP request should have a result

  @integration @http @gateway @topology.1p1b @mode.H2
  Scenario: Posts share few connections to a node
    When 5 HTTP clients post 200 requests each at 50 per second
    Then every HTTP request should have a result
    And the HTTP lane of el-1-primary should have been connected to at most 20 times

  @integration @http @gateway @topology.1p1b @mode.H3 @promise.reads_retried
  Scenario: No post fails because a node closes idle connections
    Given the HTTP lane of el-1-primary is prepared for idle_close
      | idle |
      | 500  |
    When an HTTP client posts 5 requests at 1 per second
    Then every HTTP request should have a result
    And every HTTP request should be answered within 2 seconds

  @integration @http @gateway @topology.1p1b @setting.proxy_timeout_ms=500 @mode.H4 @promise.explains_refusals
  Scenario: A post that takes too long is answered when its time is over
    Given the HTTP lane of every node is prepared for method_timeout
      | methods            |
      | ["eth_getBalance"] |
    When I post eth_getBalance
    Then the answer should have status 504 and the error -32051
    And the answer should come within a second

  @integration @http @gateway @topology.1p1b @promise.answers_fit
  Scenario: A node that answers a post twice has answered nobody else's
    Given 20 HTTP clients post 20 requests per second each
    When the HTTP lane of el-1-primary has answer_twice
    And 3 seconds go by
    Then every HTTP request should have a result

  @integration @http @gateway @topology.1p0b @promise.answers_fit
  Scenario: A node that answers a post before it has read it spoils no other one
    Given the HTTP lane of el-1-primary is prepared for early_answer
    When I post a request of 12 MiB
    Then the answer should have status 413 and the error -32600
    When I post eth_getBalance
    Then the answer should have a result
    And the answer should come within a second

  @integration @http @gateway @topology.1p1b @promise.reads_retried
  Scenario: A node whose trailers have no end is passed over
    Given the HTTP lane of el-1-primary is prepared for endless_trailers
      | methods          |
      | ["eth_gasPrice"] |
    When I post eth_gasPrice
    Then every HTTP request should have a result
    And the answer should come within a second

  @integration @http @promise.transparent
  Scenario: A request whose length is not told beforehand is answered
    When I post eth_blockNumber in 3 chunks
    Then every HTTP request should have a result

  @integration @http @mode.H5 @promise.transparent
  Scenario: An answer's header fields are those of the node
    When I post a call to the proxy and to a node
    Then the header fields should be the same, hop-by-hop ones aside

  @integration @http @mode.H5 @promise.transparent
  Scenario: A browser's page may post where nodes say that it may
    When a page of https://dapp.example asks the proxy and a node whether it may post
    Then it may, by both
    And the header fields should be the same, hop-by-hop ones aside

  @integration @http @gateway @topology.1p1b @mode.H6 @promise.reads_retried
  Scenario Outline: A node that answers <status> rests while another one is idle
    Given 2 HTTP clients post 10 requests per second each
    When the HTTP lane of el-1-primary has http_status
      | status   | retry_after |
      | <status> | 1           |
    And 3 seconds go by
    Then every HTTP request should have a result

    Examples:
      | status |
      | 404    |
      | 503    |

  # What probes ask is answered as ever: the node is well, and wants to be left alone for a while.
  @integration @http @gateway @topology.1p1b @mode.H6 @promise.reads_retried
  Scenario: A node that asks for a rest has it
    Given 2 HTTP clients post 10 requests per second each
    When the HTTP lane of el-1-primary has http_status
      | status | retry_after | methods                                                       |
      | 429    | 2           | ["eth_call", "eth_getBalance", "eth_chainId", "eth_getLogs"] |
    And 3 seconds go by
    Then the fault should have been met at most 12 times
    And every HTTP request should have a result

  @integration @http @mode.S7
  Scenario: A batch of requests and notifications is answered as JSON-RPC 2.0 says
    When I post a batch of 5 requests, 2 of them without id
    Then every HTTP request should be answered within a second

  @integration @http @gateway @topology.1p1b @promise.sends_once
  Scenario: A transaction is written to one node only, though that node dies with it
    Given the HTTP lane of el-1-primary is prepared for slow_answers
      | delay | methods                    |
      | 3000  | ["eth_sendRawTransaction"] |
    When I post eth_sendRawTransaction while el-1-primary is killed after a second
    Then the answer should be an error that says that the outcome is unknown

  @integration @http @topology.1p0b @mode.L12 @promise.explains_refusals
  Scenario: With no node left a post is answered at once with 503
    When the primary EL node is killed
    And 3 seconds go by
    And I post eth_blockNumber
    Then the answer should have status 503 and the error -32050
    And the answer should come within a second
