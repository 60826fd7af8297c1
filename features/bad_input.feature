Feature: Bad input
  Whoever sends nonsense is told so, and nobody else is bothered.

  @integration @bad_input @websocket @mode.C3 @promise.refuses_nonsense
  Scenario Outline: A client that sends <what> is closed with <code>
    Given I connect via WebSocket
    When another client sends <what>, it should be closed with <code>
    Then the WebSocket connection should still work

    Examples:
      | what              | code |
      | invalid UTF-8     | 1007 |
      | a reserved bit    | 1002 |
      | an unknown opcode | 1002 |
      | no mask           | 1002 |
      | a frame of 1 GiB  | 1009 |

  @integration @bad_input @websocket @promise.refuses_nonsense
  Scenario Outline: The text <text> is answered with <code>, and the connection goes on
    Given I connect via WebSocket
    When I send the text <text>
    Then I should receive the error <code>
    And the WebSocket connection should still work

    Examples:
      | text            | code   |
      | {"id": 1,       | -32700 |
      | nonsense        | -32700 |
      | []              | -32600 |
      | 17              | -32600 |
      | {"id": null}    | -32600 |

  @integration @bad_input @http @promise.refuses_nonsense
  Scenario Outline: The body <body> is answered with <code>
    When I post the body <body>
    Then the answer should have status 200 or 400 and the error <code>

    Examples:
      | body       | code   |
      | {"id": 1,  | -32700 |
      | \xff\xfe   | -32700 |
      | []         | -32600 |
      | 17         | -32600 |

  @integration @bad_input @http @topology.1p1b @promise.refuses_nonsense
  Scenario: A batch of two million numbers holds up nobody else
    Given 2 HTTP clients post 20 requests per second each
    When I post a batch of 2000000 numbers
    Then no client that posts all along should have waited for more than 1 seconds

  @integration @bad_input @http @promise.refuses_nonsense
  Scenario: Trailers without end are cut off
    Given 2 HTTP clients post 20 requests per second each
    Then a client that posts trailers without end should be told so, or cut off
    And no client that posts all along should have waited for more than 2 seconds

  @integration @bad_input @http @setting.max_body_size=1048576 @promise.explains_refusals
  Scenario: A body over the limit is answered with 413
    When I post a body of 2 MiB
    Then the answer should have status 413 and the error -32055

  @integration @bad_input @websocket @promise.transparent
  Scenario Outline: A large request within the limit passes, in frames: <frames>
    Given I connect via WebSocket
    When I send a request of <size> MiB in <frames> frames
    Then the WebSocket connection should still work

    Examples:
      | size | frames |
      | 4    | 1      |
      | 0.25 | 5      |
