; property: P49
; operation: mul
; statement: with a compensation f the product is at most 1 + f times the exact one
; domain: every fraction f = c / MIN of a compensation; fractions of normal operands, result in range (linked to encodings by P1)
; mutant: at most the exact one
; expected: precondition sat, statement unsat, mutant sat

; Fractions of a and b in units of 1 / MIN. The exact product is 2^(E_a + E_b) (MIN + p) (MIN + q) / MIN^2 and the
; result 2^(E_a + E_b) s / MIN, section 5.1, so the powers of two cancel and the error depends on p and q alone.
(declare-const p Int)
(declare-const q Int)
(assert (and (<= 0 p) (< p MIN) (= (mod p UNIT) 0) (<= 0 q) (< q MIN) (= (mod q UNIT) 0)))
(declare-const c Int)
(assert (is_compensation c))
(define-fun T () Int (+ p q c))
; 2^floor(T + f) (1 + frac(T + f)), where T + f may reach 2 and, with f = 1, 3 less two units.
(define-fun s () Int
  (ite (< T MIN) (+ MIN T) (ite (< T (* 2 MIN)) (* 2 T) (* 4 (- T MIN)))))
(define-fun exact () Int (* (+ MIN p) (+ MIN q)))

(echo "precondition")
(check-sat)

(push 1)
(assert (not (<= (* MIN MIN s) (* (+ MIN c) exact))))
(echo "statement")
(check-sat)
(pop 1)

(push 1)
(assert (not (<= (* MIN s) exact)))
(echo "mutant")
(check-sat)
(pop 1)
