; property: P12
; operation: mul
; statement: a . b is the exact product if and only if a or b is a power of two
; domain: fractions of normal operands, result in range (linked to encodings by P1)
; mutant: only if both are
; expected: precondition sat, statement unsat, mutant sat

; Fractions of a and b in units of 1 / MIN. The exact product is 2^(E_a + E_b) (MIN + p) (MIN + q) / MIN^2 and the
; result 2^(E_a + E_b) s / MIN, section 5.1, so the powers of two cancel and the error depends on p and q alone.
(declare-const p Int)
(declare-const q Int)
(assert (and (<= 0 p) (< p MIN) (= (mod p UNIT) 0) (<= 0 q) (< q MIN) (= (mod q UNIT) 0)))
(define-fun s () Int (ite (< (+ p q) MIN) (+ MIN p q) (* 2 (+ p q))))
(define-fun exact () Int (* (+ MIN p) (+ MIN q)))

(echo "precondition")
(check-sat)

(push 1)
(assert (not (= (= (* MIN s) exact) (or (= p 0) (= q 0)))))
(echo "statement")
(check-sat)
(pop 1)

(push 1)
(assert (not (=> (= (* MIN s) exact) (and (= p 0) (= q 0)))))
(echo "mutant")
(check-sat)
(pop 1)
