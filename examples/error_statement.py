"""What a published margin of error says: from ±0.66 points to a sample size, and back for subgroups.

Run: python examples/error_statement.py
"""

# %%
import surveysim as ss

# %%
n = ss.sample_size(moe=0.0066)
print(f"±0.66 points at 50 % and deff 1 is a simple random sample of {n:,}.")
print(f"At 78.6 % it would be {ss.sample_size(moe=0.0066, p=0.786):,}.")
for deff in (1.0, 1.6, 2.0):
    print(
        f"deff {deff}: ±{100 * ss.margin_of_error(n, deff=deff):.2f} points at 50 %, for everybody interviewed; "
        f"±{100 * ss.margin_of_error(n * 0.14, deff=deff):.2f} among a group of 14 %."
    )
