Feature: Issue 3, health probes hold up requests
  Probes without time-out, one after another, under the lock that requests need.

  @integration @health @http @gateway @issue.3 @mode.L6
  Scenario: Posts are as fast as ever while a node lets probes hang
    Given 5 HTTP clients post 10 requests per second each
    When the HTTP lane of el-2-primary has black_hole
    Then el-2-primary should be unhealthy within 5 seconds
    When I fetch the status page
    Then the page should come within a second
    And 99 % of the HTTP requests should be answered within 0.5 seconds
    And every HTTP request should have a result
