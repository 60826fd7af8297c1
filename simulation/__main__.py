import sys, time
from simulation.generate import plan
from simulation.world import World
from simulation.judge import judge
from collections import Counter
first, count = int(sys.argv[1]), int(sys.argv[2])
bad = Counter(); t=time.time(); cov=Counter()
for seed in range(first, first+count):
    try:
        out = World(plan(seed)).run()
        found = judge(out)
        cov.update(out.coverage)
    except Exception as e:
        if count == 1: raise
        found = [f"crash {type(e).__name__}: {e}"]
    if found:
        bad[found[0][:60]] += 1
        print(seed, len(found), *[f[:300] for f in found[:3]], sep="\n   ")
print(bad.total(), "of", count, time.time()-t, cov)
