Feature: Chaos
  Nodes fail, links lag and answers crawl, all at random and all at once, under load: what production does without asking.

  # The quick pace plays a minute for the hour; -D pace=full keeps the hour. See also: make chaos.
  @chaos @extended @websocket @load @gateway @gap.8
  Scenario: System remains stable under continuous chaos
    Given Vixy is running with 4 nodes
    When I run chaos test for 1 hour with:
      | node_failures      | 10% per minute |
      | network_delays     | 0-5000ms       |
      | slow_responses     | 20%            |
    And I maintain 100 WebSocket connections
    And I send 1000 requests per second
    Then error rate should be < 1%
    And all WebSocket connections should remain stable
    And no memory leaks should occur
    And response times should recover after chaos stops
