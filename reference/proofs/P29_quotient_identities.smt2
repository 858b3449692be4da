; property: P29
; operation: div
; statement: a / a = 1, a / 1 = a, and a / 2^k is the exact quotient 2^(E_a - k) (1 + F_a)
; domain: a normal, 2^k a normal power of two of either sign, the last quotient in range, every policy
; mutant: a borrow between the fractions is added to the exponent instead of subtracted
; expected: precondition sat, statement unsat, mutant sat

(declare-const gradual Bool)
(declare-const saturate Bool)
(declare-const a Encoding)
(declare-const b Encoding)
(assert (and (is_encoding a) (is_encoding b)))
(assert (and (is_normal a) (is_normal b)))
(define-fun quotient ((x Encoding) (y Encoding)) Encoding (pad gradual saturate 0 x y))
(assert (= (field b) 0))
(assert (in_range (quotient_sum 0 a b)))

(echo "precondition")
(check-sat)

(push 1)
(assert (not (and (= (quotient a a) one) (= (quotient a one) a)
  (= (E (quotient a b)) (- (E a) (E b))) (= (field (quotient a b)) (field a))
  (= (negative (quotient a b)) (xor (negative a) (negative b))))))
(echo "statement")
(check-sat)
(pop 1)

(push 1)
(assert (not (and (= (quotient a a) one) (= (quotient a one) a)
  (= (E (quotient a b)) (+ (E a) (E b))) (= (field (quotient a b)) (field a)))))
(echo "mutant")
(check-sat)
(pop 1)
