; property: P30
; operation: div
; statement: the relative error of the quotient is at least 0 and at most 1/8, attained at fractions (0, 1/2) and nowhere else
; domain: fractions of normal operands, result in range (linked to encodings by P1)
; mutant: the upper bound is strict
; expected: precondition sat, statement unsat, mutant sat

; Fractions of a and b in units of 1 / MIN. The exact quotient is 2^(E_a - E_b) (MIN + p) / (MIN + q) and the result
; 2^(E_a - E_b) s / (2 MIN), section 5.2, so the powers of two cancel.
(declare-const p Int)
(declare-const q Int)
(assert (and (<= 0 p) (< p MIN) (= (mod p UNIT) 0) (<= 0 q) (< q MIN) (= (mod q UNIT) 0)))
(define-fun s () Int (ite (>= p q) (* 2 (+ MIN (- p q))) (+ (* 2 MIN) (- p q))))
(define-fun back () Int (* s (+ MIN q))) ; result times b, in units of 1 / (2 MIN^2); a is 2 MIN (MIN + p)
(define-fun whole () Int (* 2 MIN (+ MIN p)))

(echo "precondition")
(check-sat)

(push 1)
(assert (not (and (<= whole back) (<= (* 8 back) (* 9 whole))
  (= (= (* 8 back) (* 9 whole)) (and (= p 0) (= (* 2 q) MIN))))))
(echo "statement")
(check-sat)
(pop 1)

(push 1)
(assert (not (and (<= whole back) (< (* 8 back) (* 9 whole)))))
(echo "mutant")
(check-sat)
(pop 1)
